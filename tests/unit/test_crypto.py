"""The vault opens what it sealed, for the same purpose and place only, and nothing else."""

from collections.abc import Callable

import pytest

from payments.crypto import Unsealable, Vault

OLD, NEW = bytes(range(32)), bytes(range(32, 64))

type_of_seal = pytest.mark.parametrize("kind", ["seal", "seal_stable"])


def doors(vault: Vault, kind: str) -> tuple[Callable[..., bytes], Callable[..., bytes]]:
    if kind == "seal":
        return vault.seal, vault.open
    return vault.seal_stable, vault.open_stable


@type_of_seal
@pytest.mark.parametrize("plaintext", [b"x", b"qs_secret", bytes(10_000)])
def test_what_was_sealed_opens_again(kind: str, plaintext: bytes) -> None:
    seal, unseal = doors(Vault([NEW]), kind)

    assert unseal("api-key", seal("api-key", plaintext, b"qk_1"), b"qk_1") == plaintext


@type_of_seal
def test_a_retired_master_secret_still_opens_what_it_sealed(kind: str) -> None:
    sealed = doors(Vault([OLD]), kind)[0]("lock", b"token", b"")

    assert doors(Vault([NEW, OLD]), kind)[1]("lock", sealed, b"") == b"token"


@type_of_seal
def test_a_removed_master_secret_opens_nothing(kind: str) -> None:
    sealed = doors(Vault([OLD]), kind)[0]("lock", b"token", b"")

    with pytest.raises(Unsealable):
        doors(Vault([NEW]), kind)[1]("lock", sealed, b"")


def test_what_is_sealed_anew_opens_without_the_old_master_secret() -> None:
    sealed = Vault([OLD]).seal("api-key", b"qs_secret", b"qk_1")
    rotated = Vault([NEW, OLD])

    anew = rotated.seal_anew("api-key", sealed, b"qk_1")

    assert anew is not None
    assert Vault([NEW]).open("api-key", anew, b"qk_1") == b"qs_secret"
    assert rotated.seal_anew("api-key", anew, b"qk_1") is None


def test_nothing_is_sealed_anew_for_another_purpose_or_place() -> None:
    sealed = Vault([OLD]).seal("api-key", b"qs_secret", b"qk_1")

    for label, aad in (("lock", b"qk_1"), ("api-key", b"qk_2")):
        with pytest.raises(Unsealable):
            Vault([NEW, OLD]).seal_anew(label, sealed, aad)


@type_of_seal
def test_a_seal_is_bound_to_its_purpose_and_its_place(kind: str) -> None:
    seal, unseal = doors(Vault([NEW]), kind)
    sealed = seal("lock", b"token", b"partner_1")

    for label, aad in (("api-key", b"partner_1"), ("lock", b"partner_2"), ("lock", b"")):
        with pytest.raises(Unsealable):
            unseal(label, sealed, aad)


@type_of_seal
def test_the_two_kinds_of_seal_do_not_open_each_other(kind: str) -> None:
    vault = Vault([NEW])
    sealed = doors(vault, kind)[0]("lock", b"a token of some length", b"")
    other = "seal" if kind == "seal_stable" else "seal_stable"

    with pytest.raises(Unsealable):
        doors(vault, other)[1]("lock", sealed, b"")


@type_of_seal
def test_every_changed_or_missing_byte_is_noticed(kind: str) -> None:
    seal, unseal = doors(Vault([NEW]), kind)
    sealed = seal("lock", b"token", b"")

    damaged = [sealed[:size] for size in range(len(sealed))]
    damaged += [
        sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :] for at in range(len(sealed))
    ]
    for each in (*damaged, sealed + b"\0"):
        with pytest.raises(Unsealable):
            unseal("lock", each, b"")


def test_a_stable_seal_gives_the_same_bytes_and_an_ordinary_one_never_does() -> None:
    vault = Vault([NEW])

    assert vault.seal_stable("lock", b"token") == vault.seal_stable("lock", b"token")
    assert vault.seal("lock", b"token") != vault.seal("lock", b"token")


def test_a_mac_depends_on_key_purpose_and_data() -> None:
    macs = {
        Vault([key]).mac(label, data)
        for key in (OLD, NEW)
        for label in ("a", "b")
        for data in (b"", b"1")
    }

    assert len(macs) == 8
    assert Vault([NEW, OLD]).mac("a", b"1") == Vault([NEW]).mac("a", b"1")


def test_a_vault_refuses_to_be_made_without_a_whole_master_secret() -> None:
    for keys in ([], [b"short"], [NEW, bytes(31)]):
        with pytest.raises(AssertionError):
            Vault(keys)


def test_a_vault_shows_no_secret_when_printed() -> None:
    assert repr(Vault([OLD, NEW])) == "Vault(2 master secrets)"
