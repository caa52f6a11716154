"""The ledger of one account in one currency: a fold over fills, marked to the newest closes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from math import inf

from rung.domain.account import Account, Position
from rung.domain.charge import Charge, ChargeKind
from rung.domain.fill import Fill
from rung.domain.target import Protection
from rung.ledger.holding import ZERO, Holding, pieces
from rung.ledger.postings import Account as Key
from rung.ledger.postings import Book, Posting, post, trial_balance
from rung.ledger.snapshots import Marked, Totals, account_of, position_of

TRADES_REMEMBERED = 10
CHARGED_TO = {
    ChargeKind.FUNDING: Book.FUNDING,
    ChargeKind.BORROW: Book.BORROW,
    ChargeKind.LIQUIDATION_FEE: Book.FEES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What one fill, charge or transfer did to the books. realised_quote : P&L of what it closed, fees not included."""

    postings: tuple[Posting, ...]
    realised_quote: Decimal


class Ledger:
    """Books fills, charges and transfers, marks positions, answers account snapshots. No float touches the books.

    Identity, to the last digit: equity == capital + realised + unrealised − fees − funding − borrow.
    margined : the symbols that are not paid for (perpetuals): their trades move cash by what they gain, lose and cost.
    One cash account stands behind all symbols.
    Profit is measured by session (`start_session`) and from the peak of equity. A transfer is neither: it moves the
    session's start by its amount and scales the peak, so that neither the session's P&L nor the drawdown changes.
    """

    def __init__(self, currency: str, capital: Decimal, margined: Collection[str] = ()) -> None:
        if not capital.is_finite() or capital < 0:
            raise ValueError(f"{capital} {currency} is not a capital to start with")
        self._currency = currency
        self._margined = frozenset(margined)
        self._balances: dict[Key, Decimal] = {}
        self._held: dict[str, Marked] = {}
        self._totals = Totals(currency)
        self._protections: Mapping[str, Protection] = {}
        self._stale = True
        self.transfer(capital, at_ns=0, ref="capital")

    @property
    def cash_quote(self) -> Decimal:
        return self._totals.cash

    @property
    def capital_quote(self) -> Decimal:
        """Everything paid in less everything paid out."""
        return -self._balance(Book.CAPITAL)

    @property
    def realised_quote(self) -> Decimal:
        """P&L of everything closed, fees not included."""
        return -self._balance(Book.REALISED)

    @property
    def fees_quote(self) -> Decimal:
        """Everything charged for trading, liquidations included."""
        return self._balance(Book.FEES)

    @property
    def funding_quote(self) -> Decimal:
        """Funding paid less funding received."""
        return self._balance(Book.FUNDING)

    @property
    def borrow_quote(self) -> Decimal:
        """What loans of units sold short have cost."""
        return self._balance(Book.BORROW)

    @property
    def unrealised_quote(self) -> Decimal:
        """Value of the open positions at their marks, less what they cost."""
        return sum((m.holding.quantity * m.mark - m.holding.cost for m in self._held.values()), ZERO)

    @property
    def equity_quote(self) -> Decimal:
        """Cash plus the signed value of every position at its mark; of margined ones their gain."""
        return sum((m.equity_quote for m in self._held.values()), self._totals.cash)

    def balances(self) -> dict[Key, Decimal]:
        """Every account, as (book, symbol, unit) → amount."""
        return dict(self._balances)

    def trial_balance(self) -> dict[str, Decimal]:
        """Sum of all accounts per currency and asset: zero everywhere."""
        return trial_balance(self._balances)

    def held_symbols(self) -> tuple[str, ...]:
        """Symbols with an open position, oldest first."""
        return tuple(self._held)

    def book(self, fill: Fill) -> Booked:
        """Post one execution. Raises ValueError when its numbers are not those of an execution."""
        _check(fill)
        held = self._held.get(fill.symbol)
        if held is None:
            margined = fill.symbol in self._margined
            held = self._held[fill.symbol] = Marked(fill.symbol, Holding(), float(fill.price), fill.price, margined)
        realised, cost_before = ZERO, held.holding.cost
        for piece in pieces(fill, held.holding.quantity):
            realised += held.holding.take(piece, fill.price, fill.at_ns)
            if held.holding.quantity == 0:
                self._remember(fill.symbol, held.holding.trip)
                held.holding, held.mark, held.close = Holding(), fill.price, float(fill.price)
        held.position = None
        if held.holding.quantity == 0:
            del self._held[fill.symbol]
        else:
            held.entry_price = held.holding.cost / held.holding.quantity
        postings = self._postings(fill, realised, held.holding.cost - cost_before)
        self._post(postings)
        return Booked(postings=postings, realised_quote=realised)

    def charge(self, charge: Charge) -> Booked:
        """Post money taken or given without a trade. Raises ValueError when its amount is not a number."""
        amount = charge.amount_quote
        if not amount.is_finite():
            raise ValueError(f"{amount} is not a charge for {charge.symbol}")
        ref = f"{charge.kind} {charge.symbol} {charge.at_ns}"
        lines = ((CHARGED_TO[charge.kind], amount), (Book.CASH, -amount))
        money = ("", self._currency)
        postings = tuple(self._posting(ref, charge.at_ns, book, money, change) for book, change in lines if change)
        self._charge_trip(charge.symbol, amount)
        self._post(postings)
        return Booked(postings=postings, realised_quote=ZERO)

    def mark(self, symbol: str, close: float) -> None:
        """Note the newest close. A number that is no price (not finite, not positive) leaves the mark as it was."""
        held = self._held.get(symbol)
        if held is None or close == held.close or not 0.0 < close < inf:
            return
        held.close = close
        held.mark = _exact(close)
        held.position = None
        self._stale = True

    def transfer(self, amount: Decimal, *, at_ns: int, ref: str) -> Booked:
        """Money paid in (> 0) or out (< 0). It is not P&L: session result and drawdown stay what they are.

        Raises ValueError when more is paid out than there is.
        """
        before = self.equity_quote
        if not amount.is_finite() or (amount < 0 and before + amount < 0):
            raise ValueError(f"{amount} {self._currency} cannot be transferred: the equity is {before}")
        lines = ((Book.CASH, amount), (Book.CAPITAL, -amount))
        postings = tuple(self._posting(ref, at_ns, book, ("", self._currency), change) for book, change in lines)
        self._post(postings)
        totals = self._totals
        at_peak = before <= 0 or before >= totals.peak
        totals.peak = totals.peak + amount if at_peak else totals.peak * (before + amount) / before
        totals.session_start += amount
        return Booked(postings=postings, realised_quote=ZERO)

    def start_session(self) -> None:
        """From now on P&L of the session counts from the present equity, at the newest marks."""
        self._totals.session_start = self.equity_quote

    def account(self, at_ns: int, protections: Mapping[str, Protection], working: Mapping[str, str]) -> Account:
        """A snapshot at the newest marks; the peak of equity is kept as of these moments.

        Its mappings are never changed afterwards: what did not change is shared between snapshots.
        """
        if protections != self._protections:
            self._reprotect(dict(protections))
        if working != self._totals.working:
            self._totals.working = dict(working)
        if self._stale:
            self._refresh()
        return account_of(at_ns, self._totals)

    def _balance(self, book: Book) -> Decimal:
        return self._balances.get((book, "", self._currency), ZERO)

    def _remember(self, symbol: str, trip_quote: Decimal) -> None:
        totals = self._totals
        totals.closed_trades = (*totals.closed_trades, trip_quote)[-TRADES_REMEMBERED:]
        totals.closed_symbols = (*totals.closed_symbols, symbol)[-TRADES_REMEMBERED:]

    def _charge_trip(self, symbol: str, amount: Decimal) -> None:
        """The round trip of the symbol bears the charge: the open one, else the one closed last."""
        held, totals = self._held.get(symbol), self._totals
        if held is not None:
            held.holding.trip -= amount
            return
        for row in reversed(range(len(totals.closed_symbols))):
            if totals.closed_symbols[row] == symbol:
                trades = list(totals.closed_trades)
                trades[row] -= amount
                totals.closed_trades = tuple(trades)
                return

    def _posting(self, ref: str, at_ns: int, book: Book, place: tuple[str, str], amount: Decimal) -> Posting:
        symbol, unit = place
        return Posting(ref=ref, at_ns=at_ns, book=book, symbol=symbol, unit=unit, amount=amount)

    def _postings(self, fill: Fill, realised: Decimal, cost_change: Decimal) -> tuple[Posting, ...]:
        asset, money = (fill.symbol, fill.symbol), ("", self._currency)
        signed = fill.quantity * fill.side.sign
        margined = fill.symbol in self._margined
        lines = (
            (Book.UNITS, asset, signed),
            (Book.MARKET, asset, -signed),
            (Book.POSITION, (fill.symbol, self._currency), cost_change),
            (Book.CONTRACT, (fill.symbol, self._currency), -cost_change if margined else ZERO),
            (Book.REALISED, money, -realised),
            (Book.CASH, money, realised if margined else -signed * fill.price),
            (Book.FEES, money, fill.fee_quote),
            (Book.CASH, money, -fill.fee_quote),
        )
        return tuple(self._posting(fill.fill_id, fill.at_ns, *line) for line in lines if line[2])

    def _post(self, postings: tuple[Posting, ...]) -> None:
        post(self._balances, postings)
        self._totals.cash = self._balance(Book.CASH)
        self._stale = True

    def _reprotect(self, protections: dict[str, Protection]) -> None:
        for symbol, held in self._held.items():
            if protections.get(symbol) != self._protections.get(symbol):
                held.position = None
        self._protections = protections
        self._stale = True

    def _refresh(self) -> None:
        """Take new snapshots of the positions that changed; sum the equity; keep its peak."""
        totals = self._totals
        equity = totals.cash
        positions: dict[str, Position] = {}
        for symbol, held in self._held.items():
            equity += held.holding.quantity * held.mark
            if held.margined:
                equity -= held.holding.cost
            position = held.position
            if position is None:
                position = held.position = position_of(held, self._protections.get(symbol))
            positions[symbol] = position
        totals.positions = positions
        totals.equity = equity
        if equity > totals.peak:
            totals.peak = equity
        self._stale = False


@lru_cache(maxsize=65_536)
def _exact(close: float) -> Decimal:
    """The shortest decimal that reads back as `close`."""
    return Decimal(repr(float(close)))


def _check(fill: Fill) -> None:
    numbers = (fill.quantity, fill.price, fill.fee_quote)
    if not all(number.is_finite() for number in numbers) or fill.quantity <= 0 or fill.price < 0:
        raise ValueError(f"fill {fill.fill_id} is not an execution: {fill.quantity} at {fill.price}")
