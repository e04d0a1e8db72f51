"""Accounts as partners write them: checked by their country's rules before anybody is asked."""

from dataclasses import dataclass

from schwifty import BIC, IBAN
from schwifty.exceptions import InvalidCountryCode, SchwiftyException

from api.answers import field_refused
from api.payout_schemas import IbanBody, LocalAccountBody
from payments.domain.codes import Code
from payments.domain.destination import Account, DestinationKind


@dataclass(frozen=True, slots=True)
class ReadAccount:
    """An account, and its bank's name where it is known."""

    account: Account
    bank: str | None = None


def read(body: IbanBody | LocalAccountBody) -> ReadAccount:
    """Raises Refusal that names the field, and never what was in it."""
    if isinstance(body, LocalAccountBody):
        return ReadAccount(_local(body))
    try:
        iban = IBAN(body.iban, validate_bban=True)
    except SchwiftyException as error:
        why = f"not a valid IBAN: {type(error).__name__.removeprefix('Invalid')}"
        raise field_refused(Code.FIELD_REFUSED, "account.iban", why) from None
    given = _bic(body, iban) or iban.bic
    account = Account(
        DestinationKind.BANK,
        iban.country_code,
        str(iban.compact),
        body.holder,
        bic=str(given or ""),
    )
    return ReadAccount(account, iban.bank_name)


def _bic(body: IbanBody, iban: IBAN) -> BIC | None:
    if body.bic is None:
        return None
    try:
        bic = BIC(body.bic)
    except SchwiftyException:
        raise field_refused(Code.FIELD_REFUSED, "account.bic", "not a valid BIC") from None
    if bic.country_code != iban.country_code:
        raise field_refused(Code.FIELD_REFUSED, "account.bic", "of another country than the IBAN")
    return bic


def _local(body: LocalAccountBody) -> Account:
    """Where there are IBANs, an account is named by one: a mistyped number would not be noticed."""
    if _has_ibans(body.country):
        raise field_refused(
            Code.FIELD_REFUSED, "account.country", "accounts of this country are named by IBAN"
        )
    return Account(
        DestinationKind.BANK,
        body.country,
        body.account_number,
        body.holder,
        bank_code=body.bank_code,
    )


def _has_ibans(country: str) -> bool:
    try:
        IBAN.generate(country, bank_code="", account_code="0")
    except InvalidCountryCode:
        return False
    except SchwiftyException:
        return True
    return True
