"""An order id is used once, ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.gate import Remembers

KEPT = 2_000
"""Ids remembered; older ones are dropped, first in first out. Ids carry the instant they are made
at, so only a clock that goes back could make an old one again, and that trips a latch of its own."""


class DuplicateOrder(Remembers):
    """Refuses an id that was tried before, is ahead in the batch, or is still working at the venue."""

    name = "duplicate_order"
    halts = False

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._tried: dict[str, None] = {}

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        known = (
            order.order_id in self._tried
            or order.order_id in view.account.working.values()
            or any(each.order_id == order.order_id for each in ahead)
        )
        if not known and order.order_id:
            return ()
        return (
            Violation(
                kind=ViolationKind.DUPLICATE_ORDER,
                gate=self.name,
                message=f"order id {order.order_id!r} was used before" if order.order_id else "the order has no id",
                value=order.order_id,
                limit="an id never used",
            ),
        )

    def remember(self, order: Order, view: View) -> None:
        self._tried[order.order_id] = None
        if len(self._tried) > self._kept:
            del self._tried[next(iter(self._tried))]

    def memory(self) -> Mapping[str, Any]:
        return {"tried": list(self._tried)}

    def recall(self, memory: Mapping[str, Any]) -> None:
        self._tried = dict.fromkeys(memory["tried"])
