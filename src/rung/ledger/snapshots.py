"""The ledger's running state and the frozen snapshots taken of it every slice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

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


def position_of(marked: Marked, protection: Protection | None) -> Position:
    """A Position as of now."""
    holding = marked.holding
    return Position(
        symbol=marked.symbol,
        quantity=holding.quantity,
        entry_price=marked.entry_price,
        opened_ns=holding.opened_ns,
        mark_price=marked.mark,
        entry_fees_quote=holding.fees,
        protection=protection,
    )


def account_of(at_ns: int, totals: Totals) -> Account:
    """An Account as of `at_ns`."""
    return Account(
        at_ns=at_ns,
        currency=totals.currency,
        cash_quote=totals.cash,
        equity_quote=totals.equity,
        peak_equity_quote=totals.peak,
        session_start_equity_quote=totals.session_start,
        positions=totals.positions,
        working=totals.working,
        closed_trades_quote=totals.closed_trades,
    )
