"""Who of ours says a word. They sign with a name, which on a held payout a token proves
(payments.ports.reviewers), and nothing anywhere else.
"""

import re
from collections.abc import Iterable
from typing import Final

_NAME: Final = re.compile(r"[!-~]{1,64}")
NAMELESS: Final = "A word needs a name without spaces."


def is_operator(name: str) -> bool:
    """Plain ASCII: what the record keeps of a name, or its writer would try to for ever."""
    return _NAME.fullmatch(name) is not None


def people(names: Iterable[str]) -> int:
    """How many they are: Ann and ann are one."""
    return len({name.lower() for name in names})
