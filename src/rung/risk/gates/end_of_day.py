"""No new risk shortly before the session closes."""

from __future__ import annotations

from collections.abc import Sequence

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View


class EndOfDay:
    """Time left to the session's own close (early closes too) ≥ `last_minutes`. Exactly at it passes.

    A market around the clock has no last minutes.
    """

    name = "end_of_day"
    halts = False

    def __init__(self, last_minutes: int) -> None:
        self._last_minutes = last_minutes
        self._last_ns = last_minutes * NS_PER_MINUTE

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        left_ns = view.slice.session.close_ns - view.slice.at_ns
        if left_ns >= self._last_ns or view.slice.session.around_the_clock:
            return ()
        left = f"{left_ns / NS_PER_MINUTE:g} min"
        return (
            Violation(
                kind=ViolationKind.END_OF_DAY,
                gate=self.name,
                message=f"{left} to the close, nothing opens in the last {self._last_minutes} min",
                value=left,
                limit=f"{self._last_minutes} min",
            ),
        )
