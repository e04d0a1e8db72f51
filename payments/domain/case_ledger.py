"""The ledger legs of cases: their money waits in suspense until somebody says whose it is."""

from payments.domain.case import Case, CaseEnd, CaseStatus
from payments.domain.ledger import Account, AccountKind, Entry, Posting
from payments.domain.money import Money


def opened(case: Case) -> Posting:
    """Money came that pays for nothing: the provider owes it to us, and we owe it to somebody."""
    return Posting(
        f"case_opened:{case.case_id}",
        case.case_id,
        f"money that came {case.reason}: it waits in suspense",
        (Entry(_receivable(case), case.amount), Entry(_suspense(case), -case.amount)),
    )


def closed(end: CaseEnd) -> Posting:
    case = end.case
    if end.status is CaseStatus.REFUNDED:
        return Posting(
            f"case_refunded:{case.case_id}",
            case.case_id,
            "money of a case went back to who sent it",
            (Entry(_suspense(case), case.amount), Entry(_receivable(case), -case.amount)),
        )
    assert end.status is CaseStatus.ACCEPTED, "a case is not closed as open"
    assert 0 <= end.fee.minor <= case.amount.minor, "a fee larger than what came"
    partner, currency = case.partner_id, case.amount.currency
    shares = (
        (AccountKind.PARTNER_PAYABLE, case.amount.minor - end.fee.minor),
        (AccountKind.FEE_INCOME, end.fee.minor),
    )
    return Posting(
        f"case_accepted:{case.case_id}",
        case.case_id,
        "money of a case is the partner's",
        (
            Entry(_suspense(case), case.amount),
            *(
                Entry(Account(kind, partner, currency), Money(-minor, currency))
                for kind, minor in shares
                if minor
            ),
        ),
    )


def _receivable(case: Case) -> Account:
    return Account(AccountKind.PROVIDER_RECEIVABLE, case.provider, case.amount.currency)


def _suspense(case: Case) -> Account:
    return Account(AccountKind.SUSPENSE, case.provider, case.amount.currency)
