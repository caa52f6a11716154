"""The accounts of one ledger in one currency, and what every event posts to them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rung.domain.charge import Charge, ChargeKind
from rung.domain.fill import Fill
from rung.ledger.holding import signed
from rung.ledger.postings import Account, Balance, Book, Line

CHARGED_TO = {
    ChargeKind.FUNDING: Book.FUNDING,
    ChargeKind.BORROW: Book.BORROW,
    ChargeKind.LIQUIDATION_FEE: Book.FEES,
}


@dataclass(slots=True, eq=False)
class SymbolBooks:
    """The balances kept per symbol. contract : only of a margined symbol, which is not paid for."""

    units: Balance
    market: Balance
    position: Balance
    contract: Balance | None


class Books:
    """Every balance of one currency. The lines of an event cancel in each unit, and `post` alone changes a balance.

    A balance is found once and then held on to: a fill adds to eight of them, and looking each up would cost more
    than adding.
    """

    def __init__(self, currency: str, margined: Collection[str]) -> None:
        self._currency = currency
        self._margined = frozenset(margined)
        self._balances: list[Balance] = []
        self._symbols: dict[str, SymbolBooks] = {}
        self.cash = self._opened(Book.CASH)
        self.capital = self._opened(Book.CAPITAL)
        self.realised = self._opened(Book.REALISED)
        self.fees = self._opened(Book.FEES)
        self.funding = self._opened(Book.FUNDING)
        self.borrow = self._opened(Book.BORROW)
        self._charged_to = {balance.account[0]: balance for balance in (self.fees, self.funding, self.borrow)}

    def is_margined(self, symbol: str) -> bool:
        """Whether the symbol is not paid for."""
        return symbol in self._margined

    def balances(self) -> dict[Account, Decimal]:
        """Every account, as (book, symbol, unit) → amount."""
        return {balance.account: balance.amount for balance in self._balances}

    def post(self, lines: Sequence[Line]) -> None:
        """Add every line to the balance it names."""
        for balance, amount in lines:
            balance.amount += amount

    def trade(self, fill: Fill, realised: Decimal, cost_change: Decimal) -> Sequence[Line]:
        """Units come or go and their cost with them; what was gained; what was paid; the fee."""
        of = self._symbols.get(fill.symbol) or self._begin(fill.symbol)
        units, fee = signed(fill), fill.fee_quote
        lines = [
            (of.units, units),
            (of.market, -units),
            (of.position, cost_change),
            (self.realised, -realised),
            (self.cash, -units * fill.price if of.contract is None else realised),
            (self.fees, fee),
            (self.cash, -fee),
        ]
        if of.contract is not None:
            lines.insert(3, (of.contract, -cost_change))
        return [line for line in lines if line[1]]

    def charge(self, charge: Charge) -> Sequence[Line]:
        """Money out of cash into the book of its kind."""
        amount = charge.amount_quote
        return ((self._charged_to[CHARGED_TO[charge.kind]], amount), (self.cash, -amount)) if amount else ()

    def transfer(self, amount: Decimal) -> Sequence[Line]:
        """Money from outside into cash."""
        return ((self.cash, amount), (self.capital, -amount))

    def _begin(self, symbol: str) -> SymbolBooks:
        """Open the accounts of a symbol that trades for the first time."""
        of = self._symbols[symbol] = SymbolBooks(
            units=self._opened(Book.UNITS, symbol, symbol),
            market=self._opened(Book.MARKET, symbol, symbol),
            position=self._opened(Book.POSITION, symbol, self._currency),
            contract=self._opened(Book.CONTRACT, symbol, self._currency) if symbol in self._margined else None,
        )
        return of

    def _opened(self, book: Book, symbol: str = "", unit: str = "") -> Balance:
        balance = Balance((book, symbol, unit or self._currency))
        self._balances.append(balance)
        return balance
