"""The ledger of one account in one currency: a fold over fills, marked to the newest closes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from math import inf

from msgspec.structs import replace

from rung.domain.account import Account, Position
from rung.domain.charge import Charge
from rung.domain.decimals import exact
from rung.domain.fill import Fill
from rung.domain.target import Protection
from rung.ledger.books import Books
from rung.ledger.holding import ZERO, pieces
from rung.ledger.postings import Account as Key
from rung.ledger.postings import Booked, trial_balance
from rung.ledger.snapshots import Marked

TRADES_REMEMBERED = 10


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
        self._books = Books(currency, margined)
        self._held: dict[str, Marked] = {}
        self._peak = self._session_start = ZERO
        self._closed_symbols: tuple[str, ...] = ()
        self._closed_trades: tuple[Decimal, ...] = ()
        self._protections: Mapping[str, Protection] = {}
        self._working: Mapping[str, str] = {}
        self._account: Account | None = None
        self.transfer(capital, at_ns=0, ref="capital")

    @property
    def cash_quote(self) -> Decimal:
        return self._books.cash.amount

    @property
    def capital_quote(self) -> Decimal:
        """Everything paid in less everything paid out."""
        return -self._books.capital.amount

    @property
    def realised_quote(self) -> Decimal:
        """P&L of everything closed, fees not included."""
        return -self._books.realised.amount

    @property
    def fees_quote(self) -> Decimal:
        """Everything charged for trading, liquidations included."""
        return self._books.fees.amount

    @property
    def funding_quote(self) -> Decimal:
        """Funding paid less funding received."""
        return self._books.funding.amount

    @property
    def borrow_quote(self) -> Decimal:
        """What loans of units sold short have cost."""
        return self._books.borrow.amount

    @property
    def unrealised_quote(self) -> Decimal:
        """Value of the open positions at their marks, less what they cost."""
        return sum((m.quantity * m.mark - m.cost for m in self._held.values()), ZERO)

    @property
    def equity_quote(self) -> Decimal:
        """Cash plus the signed value of every position at its mark; of margined ones their gain."""
        return sum((m.equity_quote for m in self._held.values()), self.cash_quote)

    def balances(self) -> dict[Key, Decimal]:
        """Every account, as (book, symbol, unit) → amount."""
        return self._books.balances()

    def trial_balance(self) -> dict[str, Decimal]:
        """Sum of all accounts per currency and asset: zero everywhere."""
        return trial_balance(self._books.balances())

    def held_symbols(self) -> tuple[str, ...]:
        """Symbols with an open position, oldest first."""
        return tuple(self._held)

    def book(self, fill: Fill) -> Booked:
        """Post one execution. Raises ValueError when its numbers are not those of an execution."""
        _check(fill)
        held = self._held.get(fill.symbol)
        quantity, cost_before = (held.quantity, held.cost) if held is not None else (ZERO, ZERO)
        realised = cost = ZERO
        for piece in pieces(fill, quantity):
            if held is None:
                held = self._held[fill.symbol] = self._begin(fill)
            realised += held.take(piece, fill.price, fill.at_ns)
            if not held.quantity:
                self._remember(fill.symbol, held.trip)
                held = None
        if held is None:
            del self._held[fill.symbol]
        else:
            cost = held.cost
            held.entry_price = cost / held.quantity
            held.position = None
        lines = self._books.trade(fill, realised, cost - cost_before)
        return self._posted(Booked(ref=fill.fill_id, at_ns=fill.at_ns, lines=lines, realised_quote=realised))

    def charge(self, charge: Charge) -> Booked:
        """Post money taken or given without a trade. Raises ValueError when its amount is not a number."""
        amount = charge.amount_quote
        if not amount.is_finite():
            raise ValueError(f"{amount} is not a charge for {charge.symbol}")
        self._charge_trip(charge.symbol, amount)
        ref = f"{charge.kind} {charge.symbol} {charge.at_ns}"
        return self._posted(Booked(ref=ref, at_ns=charge.at_ns, lines=self._books.charge(charge)))

    def mark(self, symbol: str, close: float) -> None:
        """Note the newest close. A number that is no price (not finite, not positive) leaves the mark as it was."""
        held = self._held.get(symbol)
        if held is None or close == held.close or not 0.0 < close < inf:
            return
        held.close = close
        held.mark = exact(close)
        held.position = None
        self._account = None

    def transfer(self, amount: Decimal, *, at_ns: int, ref: str) -> Booked:
        """Money paid in (> 0) or out (< 0). It is not P&L: session result and drawdown stay what they are.

        Raises ValueError when more is paid out than there is.
        """
        before = self.equity_quote
        if not amount.is_finite() or (amount < 0 and before + amount < 0):
            raise ValueError(f"{amount} {self._currency} cannot be transferred: the equity is {before}")
        at_peak = before <= 0 or before >= self._peak
        self._peak = self._peak + amount if at_peak else self._peak * (before + amount) / before
        self._session_start += amount
        return self._posted(Booked(ref=ref, at_ns=at_ns, lines=self._books.transfer(amount)))

    def start_session(self) -> None:
        """From now on P&L of the session counts from the present equity, at the newest marks."""
        self._session_start = self.equity_quote
        self._account = None

    def account(self, at_ns: int, protections: Mapping[str, Protection], working: Mapping[str, str]) -> Account:
        """A snapshot at the newest marks; the peak of equity is kept as of these moments.

        Its mappings are never changed afterwards: what did not change is shared between snapshots.
        """
        if protections != self._protections:
            self._reprotect(dict(protections))
        if working != self._working:
            self._working = dict(working)
            self._account = None
        if self._account is None:
            self._account = self._snapshot(at_ns)
            return self._account
        return replace(self._account, at_ns=at_ns)

    def _begin(self, fill: Fill) -> Marked:
        """Of a symbol that was not held, marked to the price of its fill."""
        margined = self._books.is_margined(fill.symbol)
        return Marked(symbol=fill.symbol, close=float(fill.price), mark=fill.price, margined=margined)

    def _remember(self, symbol: str, trip_quote: Decimal) -> None:
        self._closed_trades = (*self._closed_trades, trip_quote)[-TRADES_REMEMBERED:]
        self._closed_symbols = (*self._closed_symbols, symbol)[-TRADES_REMEMBERED:]

    def _charge_trip(self, symbol: str, amount: Decimal) -> None:
        """The round trip of the symbol bears the charge: the open one, else the one closed last."""
        held = self._held.get(symbol)
        if held is not None:
            held.trip -= amount
            return
        for row in reversed(range(len(self._closed_symbols))):
            if self._closed_symbols[row] == symbol:
                trades = list(self._closed_trades)
                trades[row] -= amount
                self._closed_trades = tuple(trades)
                return

    def _posted(self, booked: Booked) -> Booked:
        self._books.post(booked.lines)
        self._account = None
        return booked

    def _reprotect(self, protections: dict[str, Protection]) -> None:
        for symbol, held in self._held.items():
            if protections.get(symbol) != self._protections.get(symbol):
                held.position = None
        self._protections = protections
        self._account = None

    def _snapshot(self, at_ns: int) -> Account:
        """Sum the equity, keep its peak; positions that did not change are those of the snapshot before."""
        cash = equity = self._books.cash.amount
        positions: dict[str, Position] = {}
        for symbol, held in self._held.items():
            equity += held.quantity * held.mark
            if held.margined:
                equity -= held.cost
            positions[symbol] = held.position or held.snapshot(self._protections.get(symbol))
        if equity > self._peak:
            self._peak = equity
        return Account(
            at_ns=at_ns,
            currency=self._currency,
            cash_quote=cash,
            equity_quote=equity,
            peak_equity_quote=self._peak,
            session_start_equity_quote=self._session_start,
            positions=positions,
            working=self._working,
            closed_trades_quote=self._closed_trades,
        )


def _check(fill: Fill) -> None:
    finite = fill.quantity.is_finite() and fill.price.is_finite() and fill.fee_quote.is_finite()
    if not finite or fill.quantity <= ZERO or fill.price < ZERO:
        raise ValueError(f"fill {fill.fill_id} is not an execution: {fill.quantity} at {fill.price}")
