"""A strategy that cannot bring the desk down: whatever it raises, exits and flattening go on without it."""

from __future__ import annotations

from collections.abc import Sequence

from rung.domain.slice import Slice
from rung.domain.target import Signal, Target
from rung.domain.view import View
from rung.strategy.port import Explains, Strategy, WarmsUp


class Failsafe:
    """Asks `strategy`; after it has raised once it is never asked again, and wants nothing.

    For desks that trade. A replay or a backtest lets the error out: there is nothing to protect.
    """

    def __init__(self, strategy: Strategy) -> None:
        self.name = strategy.name
        self.failure: Exception | None = None
        self._strategy = strategy

    def decide(self, view: View) -> Sequence[Target]:
        if self.failure is not None:
            return ()
        try:
            return self._strategy.decide(view)
        except Exception as error:  # noqa: BLE001 - the loop reads `failure`, throws the kill switch and says it
            self.failure = error
            return ()

    def signals(self) -> Sequence[Signal]:
        """What it believed; nothing once it has failed."""
        return self._strategy.signals() if self.failure is None and isinstance(self._strategy, Explains) else ()

    def warm_up(self, event: Slice) -> None:
        """Let it learn. What it raises here is raised: nothing has begun."""
        if isinstance(self._strategy, WarmsUp):
            self._strategy.warm_up(event)
