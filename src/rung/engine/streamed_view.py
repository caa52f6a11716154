"""What the strategy of a streamed desk may look at: the same as on a desk, found out when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from rung.domain.account import Position
from rung.domain.bar import Bar
from rung.domain.session import Session
from rung.strategy.authoring import SymbolView


class StreamedView(SymbolView):
    """As its parent. equity_at : the account's equity at a close.   position_at : the open position marked to it."""

    __slots__ = ("_at_ns", "_equity_at", "_position_at", "_session", "_side")

    def __init__(
        self, symbol: str, equity_at: Callable[[float], Decimal], position_at: Callable[[float], Position | None]
    ) -> None:
        super().__init__(symbol)
        self._equity_at, self._position_at = equity_at, position_at
        self._side = 0

    def show(self, bar: Bar, at_ns: int) -> None:
        """The next bar."""
        self.bar, self._at_ns = bar, at_ns

    def enter(self, session: Session) -> None:
        """The session of the bars to come."""
        self._session = session

    def take(self, side: int) -> None:
        """The side of the position from now on."""
        self._side = side

    @property
    def at_ns(self) -> int:
        return self._at_ns

    @property
    def session(self) -> Session:
        return self._session

    @property
    def side(self) -> int:
        return self._side

    @property
    def equity(self) -> float:
        return float(self._equity_at(self.bar.close))

    @property
    def position(self) -> Position | None:
        return self._position_at(self.bar.close) if self._side else None
