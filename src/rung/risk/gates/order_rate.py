"""How many opening orders may be tried per minute, hour or day."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.gate import Remembers


class Window(NamedTuple):
    """A rolling stretch of slice time, and its name for people."""

    name: str
    length_ns: int


MINUTE = Window("minute", NS_PER_MINUTE)
HOUR = Window("hour", 60 * NS_PER_MINUTE)
DAY = Window("day", 24 * 60 * NS_PER_MINUTE)


class OrderRate(Remembers):
    """At most `most` attempts in any rolling window of slice time, approved or not.

    The attempt number `most` passes, the next is refused; an attempt exactly one window old no longer counts.
    Source: seed 000, check 3 (30 per minute), seed 004 (20 per hour, 100 per day).
    """

    halts = False

    def __init__(self, most: int, window: Window = MINUTE) -> None:
        self.name = f"order_rate_{window.name}"
        self._most = most
        self._window = window
        self._attempts_ns: deque[int] = deque(maxlen=most)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        attempts = self._attempts_ns
        if len(attempts) < self._most or attempts[0] <= view.slice.at_ns - self._window.length_ns:
            return ()
        return (
            Violation(
                kind=ViolationKind.RATE_LIMIT,
                gate=self.name,
                message=f"{self._most} orders were tried within the last {self._window.name} already",
                value=str(self._most + 1),
                limit=str(self._most),
            ),
        )

    def remember(self, order: Order, view: View) -> None:
        self._attempts_ns.append(view.slice.at_ns)

    def memory(self) -> Mapping[str, Any]:
        return {"attempts_ns": list(self._attempts_ns)}

    def recall(self, memory: Mapping[str, Any]) -> None:
        self._attempts_ns = deque(memory["attempts_ns"], maxlen=self._most)
