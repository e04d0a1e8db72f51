"""Random names in letters alone, so that none of them ever looks like a card number."""

import secrets
import string

_LETTERS = bytes(ord(string.ascii_lowercase[number % 26]) for number in range(256))
_LENGTH = 20


def new_name(prefix: str) -> str:
    return f"{prefix}_{in_letters(secrets.token_bytes(_LENGTH))}"


def in_letters(content: bytes) -> str:
    return content.translate(_LETTERS).decode()
