"""Journal entries of one kind, found quickly by payment reference or by bill number."""

from collections import defaultdict

from sandbox.biller.entries import Entry


class Rows:
    def __init__(self) -> None:
        self._all: list[Entry] = []
        self._by_reference: defaultdict[str, list[Entry]] = defaultdict(list)
        self._by_bill_number: defaultdict[str, list[Entry]] = defaultdict(list)

    def add(self, entry: Entry) -> None:
        self._all.append(entry)
        self._by_bill_number[entry.bill.number].append(entry)
        if entry.order is not None:
            self._by_reference[entry.order.reference].append(entry)

    def find(
        self, *, biller: str | None, bill_number: str | None, reference: str | None
    ) -> list[Entry]:
        """All that match every question asked, in the order in which they happened."""
        if reference is not None:
            found = self._by_reference.get(reference, [])
        elif bill_number is not None:
            found = self._by_bill_number.get(bill_number, [])
        else:
            found = self._all
        return [
            entry
            for entry in found
            if (biller is None or entry.bill.biller == biller)
            and (bill_number is None or entry.bill.number == bill_number)
        ]
