"""The kill switch: latched, outside, above everything."""

from __future__ import annotations

from collections.abc import Sequence

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.flag import Flag


class Kill:
    """Refuses while the kill switch is on. It is read before every step and every send, outside."""

    name = "kill"
    halts = True

    def __init__(self, flag: Flag) -> None:
        self._flag = flag

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        why = self._flag.why()
        if why is None:
            return ()
        return (
            Violation(
                kind=ViolationKind.KILL_SWITCH,
                gate=self.name,
                message=f"the kill switch is on: {why}",
                value="on",
                limit="off",
            ),
        )
