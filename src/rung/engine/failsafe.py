"""A strategy that cannot bring the desk down: whatever it raises, exits and flattening go on without it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from rung.domain.slice import Slice
from rung.domain.target import Signal, Target
from rung.domain.view import View
from rung.strategy.port import Explains, Strategy, WarmsUp

T = TypeVar("T")


class Failsafe:
    """Asks `strategy`; after it has raised once it is never asked again, and wants nothing.

    For desks that trade. A replay or a backtest lets the error out: there is nothing to protect.
    """

    def __init__(self, strategy: Strategy) -> None:
        self.name = strategy.name
        self.failure: Exception | SystemExit | None = None
        self._strategy = strategy

    def decide(self, view: View) -> Sequence[Target]:
        return self._asked(lambda: self._strategy.decide(view))

    def signals(self) -> Sequence[Signal]:
        """What it believed; nothing once it has failed."""
        return self._asked(self._strategy.signals) if isinstance(self._strategy, Explains) else ()

    def _asked(self, ask: Callable[[], Iterable[T]]) -> Sequence[T]:
        """All of the answer at once: one that is made while it is read would fail in the desk."""
        if self.failure is not None:
            return ()
        try:
            return tuple(ask())
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the loop throws the kill switch and says it
            self.failure = error
            return ()

    def warm_up(self, event: Slice) -> None:
        """Let it learn. What it raises here is raised: nothing has begun."""
        if isinstance(self._strategy, WarmsUp):
            self._strategy.warm_up(event)
