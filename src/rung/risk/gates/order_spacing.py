"""A pause between decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.gate import Remembers


class OrderSpacing(Remembers):
    """Slice time since the last attempt of an earlier decision ≥ `min_seconds`. Exactly at it passes.

    Orders of one decision share its instant and do not space each other. Time going back cannot be judged away:
    it counts as too soon. Source: seed 004 (1 s).
    """

    name = "order_spacing"
    halts = False

    def __init__(self, min_seconds: float) -> None:
        self._min_ns = round(min_seconds * 1e9)
        self._last_ns: int | None = None

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        last_ns, at_ns = self._last_ns, view.slice.at_ns
        if last_ns is None or last_ns == at_ns or at_ns - last_ns >= self._min_ns:
            return ()
        seconds = (at_ns - last_ns) / 1e9
        return (
            Violation(
                kind=ViolationKind.RATE_LIMIT,
                gate=self.name,
                message=f"{seconds:g} s after the order before, {self._min_ns / 1e9:g} s are required",
                value=f"{seconds:g} s",
                limit=f"{self._min_ns / 1e9:g} s",
            ),
        )

    def remember(self, order: Order, view: View) -> None:
        self._last_ns = view.slice.at_ns

    def memory(self) -> Mapping[str, Any]:
        return {"last_ns": self._last_ns}

    def recall(self, memory: Mapping[str, Any]) -> None:
        self._last_ns = memory["last_ns"]
