"""Double entry: every event is a set of postings that sums to zero in every currency and in every asset.

    event          postings (debit > 0, credit < 0)
    buy            units +q · market −q (asset)      position +q·p · cash −q·p (currency)
    sell a long    units −q · market +q (asset)      cash +q·p · position −cost · realised −(q·p − cost) (currency)
    fee            fees +f · cash −f
    buy, margined  units +q · market −q (asset)      position +q·p · contract −q·p (currency)
    sell, margined units −q · market +q (asset)      contract +cost · position −cost · cash +gain · realised −gain
    funding        funding +f · cash −f              (received: signs reversed)
    borrow         borrow +b · cash −b
    deposit        cash +d · capital −d

A short position is the same with signs reversed: `units` and `position` are negative. `realised` and `capital` are
credit accounts: a gain stands there as a negative number. A margined contract (a perpetual) is not paid for: what it
would have cost stands in `contract` against `position`, and only its gain moves cash. A liquidation fee is a fee.

An event is worked out as lines, (balance, amount): they are added where the balances stand. A `Posting` says the same
in words and is made when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

ZERO = Decimal(0)


class Book(StrEnum):
    """The accounts of the ledger."""

    CASH = "cash"
    CAPITAL = "capital"
    POSITION = "position"
    """What the open units cost, per symbol, quote currency."""
    REALISED = "realised"
    FEES = "fees"
    FUNDING = "funding"
    BORROW = "borrow"
    CONTRACT = "contract"
    """What open margined contracts would have cost, per symbol: the other side of their `position`."""
    UNITS = "units"
    """Units held, per symbol, in the asset itself."""
    MARKET = "market"
    """Where units come from and go to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One line of one book. `unit` is a currency or an asset; `symbol` is empty for accounts not kept per symbol.

    ref : what caused it, a fill id or the reference of a transfer.
    """

    ref: str
    at_ns: int
    book: Book
    symbol: str
    unit: str
    amount: Decimal


Account = tuple[Book, str, str]
"""(book, symbol, unit)"""


@dataclass(slots=True, eq=False)
class Balance:
    """What stands on one account."""

    account: Account
    amount: Decimal = ZERO


Line = tuple[Balance, Decimal]
"""(where, how much): a posting before it is written out."""


class Booked(Struct, frozen=True, kw_only=True):
    """What one fill, charge or transfer did to the books. realised_quote : P&L of what it closed, fees not included."""

    ref: str
    at_ns: int
    lines: Sequence[Line]
    realised_quote: Decimal = ZERO

    @property
    def postings(self) -> tuple[Posting, ...]:
        """The lines in words, in the order they were posted."""
        return tuple(self._posting(*balance.account, amount) for balance, amount in self.lines)

    def _posting(self, book: Book, symbol: str, unit: str, amount: Decimal) -> Posting:
        return Posting(ref=self.ref, at_ns=self.at_ns, book=book, symbol=symbol, unit=unit, amount=amount)


def fold(postings: Iterable[Posting]) -> dict[Account, Decimal]:
    """Balances of a history, from nothing."""
    balances: dict[Account, Decimal] = {}
    for posting in postings:
        key = (posting.book, posting.symbol, posting.unit)
        balances[key] = balances.get(key, ZERO) + posting.amount
    return balances


def trial_balance(balances: Mapping[Account, Decimal]) -> dict[str, Decimal]:
    """Sum over all accounts per currency and asset: zero everywhere, or the books are wrong."""
    totals: dict[str, Decimal] = {}
    for (_, _, unit), amount in balances.items():
        totals[unit] = totals.get(unit, ZERO) + amount
    return totals
