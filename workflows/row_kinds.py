"""What starts a row: one entry for each kind."""

from activities.dispatching import StartRows
from payments.domain.batch_row import BatchKind
from payments.ports.rail import Rails
from workflows import bill_row
from workflows.payout_row import PayoutRows
from workflows.row_start import starts


def start_rows(rails: Rails) -> StartRows:
    return {
        BatchKind.BILL_PAYMENTS: starts(bill_row.story_of),
        BatchKind.PAYOUTS: starts(PayoutRows(rails).story_of),
    }
