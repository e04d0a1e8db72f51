"""The pretend billers and what each bill owes: pure facts that anyone can compute again."""

import hashlib
import re
from dataclasses import dataclass

BILL_NUMBER = re.compile(r"[0-9]{10}")
PERIOD = re.compile(r"[12][0-9]{3}-(?:0[1-9]|1[0-2])")
AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,4})?")

LEAST_DUE = 50
MOST_DUE = 5000


@dataclass(frozen=True, slots=True)
class BillId:
    """What names one bill: one number of one biller has a new bill every period."""

    biller: str
    number: str
    period: str

    def __str__(self) -> str:
        return f"{self.biller}/{self.number}/{self.period}"


@dataclass(frozen=True, slots=True)
class Biller:
    code: str
    currency: str
    digits: int
    customers: tuple[str, ...]

    def knows(self, number: str) -> bool:
        """Every 10-digit number has a bill in every period, except those ending in 99."""
        return BILL_NUMBER.fullmatch(number) is not None and not number.endswith("99")

    @property
    def unit(self) -> int:
        """How many minor units are one of the currency."""
        return int(10**self.digits)

    def due_minor(self, bill: BillId) -> int:
        """The amount comes from a hash, so that any process can say what a fresh bill owes."""
        digest = hashlib.sha256(f"{bill.biller}:{bill.number}:{bill.period}".encode()).digest()
        least, most = LEAST_DUE * self.unit, MOST_DUE * self.unit
        return least + int.from_bytes(digest[:8], "big") % (most - least + 1)

    def customer(self, bill: BillId) -> str:
        """A customer keeps the name over all periods, so the period is not part of the hash."""
        digest = hashlib.sha256(f"{bill.biller}:{bill.number}".encode()).digest()
        return self.customers[digest[0] % len(self.customers)]

    def written(self, amount_minor: int) -> str:
        whole, rest = divmod(amount_minor, self.unit)
        return f"{whole}.{rest:0{self.digits}d}" if self.digits else str(whole)

    def minor(self, amount: str) -> int | None:
        """None when the text is no amount of this currency: malformed, or too many decimals."""
        if AMOUNT.fullmatch(amount) is None:
            return None
        whole, _, rest = amount.partition(".")
        if len(rest) > self.digits:
            return None
        return int(whole + rest.ljust(self.digits, "0"))


def due_date(period: str) -> str:
    """Bills of a month are due on the 15th of the next one."""
    year, month = int(period[:4]), int(period[5:])
    year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return f"{year:04d}-{month:02d}-15"


# Three currencies with 2, 0 and 3 digits: the three ways an exponent goes wrong.
BILLERS = {
    biller.code: biller
    for biller in (
        Biller(
            code="DESCO",
            currency="BDT",
            digits=2,
            customers=(
                "Rahima Khatun",
                "Abdul Karim",
                "Nusrat Jahan",
                "Tanvir Ahmed",
                "Shirin Akter",
            ),
        ),
        Biller(
            code="TOKYOGAS",
            currency="JPY",
            digits=0,
            customers=("Sato Yuki", "Suzuki Haruto", "Takahashi Aoi", "Tanaka Ren", "Ito Sakura"),
        ),
        Biller(
            code="BAHWATER",
            currency="BHD",
            digits=3,
            customers=("Fatima Al Khalifa", "Ali Hassan", "Maryam Yusuf", "Khalid Salman"),
        ),
    )
}
