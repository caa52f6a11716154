"""A holding marked to its newest price, and the frozen snapshot of it that strategies and gates see."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from rung.domain.account import Position
from rung.domain.target import Protection
from rung.ledger.holding import ZERO, Holding


@dataclass(slots=True, kw_only=True)
class Marked(Holding):
    """A holding with its newest price.

    close : the bar's number that `mark` says exactly.   margined : only its gain counts to the equity, its value was
    never paid for.   position : the snapshot last taken of it, None when it is out of date.
    """

    symbol: str
    close: float
    mark: Decimal
    margined: bool = False
    entry_price: Decimal = ZERO
    position: Position | None = None

    @property
    def equity_quote(self) -> Decimal:
        """What it adds to the equity: its value, or its gain when it is margined."""
        return self.quantity * self.mark - self.cost if self.margined else self.quantity * self.mark

    def snapshot(self, protection: Protection | None) -> Position:
        """A Position as of now, kept until something changes."""
        self.position = Position(
            symbol=self.symbol,
            quantity=self.quantity,
            entry_price=self.entry_price,
            opened_ns=self.opened_ns,
            mark_price=self.mark,
            entry_fees_quote=self.fees,
            protection=protection,
        )
        return self.position
