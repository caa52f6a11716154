"""Orders → verdicts → venue: the one way in which an order is judged and sent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rung.domain.order import Order
from rung.domain.verdicts import Approved, Verdict
from rung.domain.view import View
from rung.risk.guard import Guard


class Judging:
    """Screens orders against what is held, what was sent before and is not finished, and what is sent now."""

    def __init__(self, guard: Guard, submit: Callable[[Approved[Order]], object]) -> None:
        self._guard = guard
        self._submit = submit
        self._unfinished: dict[str, Order] = {}

    def judge(self, orders: Sequence[Order], view: View) -> tuple[Verdict, ...]:
        """One verdict per order; the approved are at the venue."""
        if self._unfinished:
            working = view.account.working
            self._unfinished = {i: o for i, o in self._unfinished.items() if working.get(o.symbol) == i}
        verdicts = self._guard.screen(orders, view, working=tuple(self._unfinished.values()))
        for verdict in verdicts:
            if isinstance(verdict, Approved):
                self._submit(verdict)
                if not verdict.order.reduce_only:
                    self._unfinished[verdict.order.order_id] = verdict.order
        return verdicts
