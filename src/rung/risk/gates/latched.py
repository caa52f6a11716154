"""Tripped latches refuse entries, each with its own reason."""

from __future__ import annotations

from collections.abc import Sequence

from rung.domain.errors import Refusable
from rung.domain.order import Order
from rung.domain.verdicts import Violation
from rung.domain.view import View
from rung.risk.latches import Latches


class Latched:
    """Refuses while a latch that opens nothing is tripped; names every one of them.

    The latches must have been ticked with this very slice, else the gate cannot judge.
    """

    name = "latched"
    halts = True

    def __init__(self, latches: Latches) -> None:
        self._latches = latches

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        if self._latches.last_ns != view.slice.at_ns:
            raise Refusable("cannot judge: the latches were not shown this slice")
        tripped = self._latches.tripped
        if not tripped:
            return ()
        return [
            Violation(
                kind=consequence.kind,
                gate=self.name,
                message=f"latch {name} is tripped: {trip.reason}",
                value=trip.value or "tripped",
                limit=trip.limit or "not tripped",
            )
            for name, (trip, consequence) in tripped.items()
            if consequence.state.opens_nothing
        ]
