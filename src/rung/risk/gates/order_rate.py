"""How many opening orders may be tried per minute."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.gate import Remembers


class OrderRate(Remembers):
    """At most `most` attempts in any rolling minute of slice time, approved or not.

    The attempt number `most` passes, the next is refused; an attempt exactly 60 s old no longer counts.
    Source: seed 000, check 3 (30 per minute).
    """

    name = "order_rate"
    halts = False

    def __init__(self, most_per_minute: int) -> None:
        self._most = most_per_minute
        self._attempts_ns: deque[int] = deque(maxlen=most_per_minute)

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        attempts = self._attempts_ns
        if len(attempts) < self._most or attempts[0] <= view.slice.at_ns - NS_PER_MINUTE:
            return ()
        return (
            Violation(
                kind=ViolationKind.RATE_LIMIT,
                gate=self.name,
                message=f"more than {self._most} orders were tried within a minute",
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
