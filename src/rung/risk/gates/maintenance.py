"""The maintenance flag: entries stop, exits go on."""

from __future__ import annotations

from collections.abc import Sequence

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.flag import Flag


class Maintenance:
    """Refuses while the flag is up. The flag is polled before each step, outside; a gate does no I/O."""

    name = "maintenance"
    halts = True

    def __init__(self, flag: Flag) -> None:
        self._flag = flag

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        why = self._flag.why()
        if why is None:
            return ()
        return (
            Violation(
                kind=ViolationKind.MAINTENANCE,
                gate=self.name,
                message=f"maintenance mode is on ({why}): exits only",
                value="on",
                limit="off",
            ),
        )
