"""The ledger's running state and the frozen snapshots taken of it every slice.

A frozen dataclass sets each field through `object.__setattr__`; at one account and several positions per slice that is
most of the ledger's time. The slots are therefore filled directly; a test holds the result against the constructors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any

from rung.domain.account import Account, Position
from rung.domain.target import Protection
from rung.ledger.holding import ZERO, Holding


@dataclass(slots=True)
class Marked:
    """A holding with its newest price.

    margined : only its gain counts to the equity, its value was never paid for.
    position : the snapshot last taken of it, None when it is out of date.
    """

    symbol: str
    holding: Holding
    close: float
    mark: Decimal
    margined: bool = False
    entry_price: Decimal = ZERO
    position: Position | None = None

    @property
    def equity_quote(self) -> Decimal:
        """What it adds to the equity: its value, or its gain when it is margined."""
        value = self.holding.quantity * self.mark
        return value - self.holding.cost if self.margined else value


@dataclass(slots=True)
class Totals:
    """Everything an account snapshot says besides its time. The mappings are replaced, never changed."""

    currency: str
    cash: Decimal = ZERO
    equity: Decimal = ZERO
    peak: Decimal = ZERO
    session_start: Decimal = ZERO
    positions: Mapping[str, Position] = field(default_factory=dict)
    working: Mapping[str, str] = field(default_factory=dict)
    closed_trades: tuple[Decimal, ...] = ()
    closed_symbols: tuple[str, ...] = ()


def _slots(schema: type) -> dict[str, Callable[[object, Any], None]]:
    """Field name → what fills that slot of a new instance."""
    return {f.name: schema.__dict__[f.name].__set__ for f in fields(schema)}


_new = object.__new__
_p_symbol, _p_quantity, _p_entry, _p_opened, _p_mark, _p_fees, _p_protection = (
    _slots(Position)[name]
    for name in (
        "symbol", "quantity", "entry_price", "opened_ns", "mark_price", "entry_fees_quote", "protection",
    )
)  # fmt: skip
_a_at, _a_currency, _a_cash, _a_equity, _a_peak, _a_start, _a_positions, _a_working, _a_trades = (
    _slots(Account)[name]
    for name in (
        "at_ns", "currency", "cash_quote", "equity_quote", "peak_equity_quote", "session_start_equity_quote",
        "positions", "working", "closed_trades_quote",
    )
)  # fmt: skip


def position_of(marked: Marked, protection: Protection | None) -> Position:
    """A Position as of now."""
    holding = marked.holding
    position = _new(Position)
    _p_symbol(position, marked.symbol)
    _p_quantity(position, holding.quantity)
    _p_entry(position, marked.entry_price)
    _p_opened(position, holding.opened_ns)
    _p_mark(position, marked.mark)
    _p_fees(position, holding.fees)
    _p_protection(position, protection)
    return position


def account_of(at_ns: int, totals: Totals) -> Account:
    """An Account as of `at_ns`."""
    account = _new(Account)
    _a_at(account, at_ns)
    _a_currency(account, totals.currency)
    _a_cash(account, totals.cash)
    _a_equity(account, totals.equity)
    _a_peak(account, totals.peak)
    _a_start(account, totals.session_start)
    _a_positions(account, totals.positions)
    _a_working(account, totals.working)
    _a_trades(account, totals.closed_trades)
    return account
