"""The ledger legs of disputes: what a provider takes back with its fee, and what it returns.

Every move leaves in the ledger exactly what the provider has taken at the moment: the posting is
the difference to what it had taken before, so a chargeback that is won, a fee that is waived and a
fee that comes later are all the same thing.
"""

from typing import Final

from payments.domain.dispute import DisputeStatus
from payments.domain.ledger import Account, AccountKind, Entry, Posting
from payments.domain.money import Money

_DESCRIPTIONS: Final = {
    DisputeStatus.NEEDS_RESPONSE: "payment disputed: the provider took its money back",
    DisputeStatus.WON: "dispute won: the money is back",
}


def withdrawn(
    dispute_id: str,
    *,
    sequence: int,
    status: DisputeStatus,
    partner_id: str,
    provider: str,
    more: Money,
) -> Posting | None:
    """`more` is what the provider has taken since the write before; less than nothing when it gave
    back. None when nothing moved. `sequence` counts the writes of one dispute.
    """
    if not more.minor:
        return None
    payable = Account(AccountKind.PARTNER_PAYABLE, partner_id, more.currency)
    receivable = Account(AccountKind.PROVIDER_RECEIVABLE, provider, more.currency)
    return Posting(
        f"dispute:{dispute_id}:{sequence}",
        dispute_id,
        _DESCRIPTIONS.get(status, "the provider's fee for a dispute changed"),
        (Entry(payable, more), Entry(receivable, Money(-more.minor, more.currency))),
    )
