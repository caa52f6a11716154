"""Nothing opens while the exchange is closed."""

from __future__ import annotations

from collections.abc import Sequence

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View


class SessionOpen:
    """session open ≤ now < session close. At the close itself there is no next bar to fill on: refused.

    A market around the clock has the next bar at once: the end of its UTC day passes.
    """

    name = "session_open"
    halts = False

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        session, at_ns = view.slice.session, view.slice.at_ns
        at_close = at_ns == session.close_ns and session.around_the_clock
        if session.open_ns <= at_ns < session.close_ns or at_close:
            return ()
        minutes = f"{session.minutes_since_open(at_ns)} min after the open"
        return (
            Violation(
                kind=ViolationKind.SESSION_CLOSED,
                gate=self.name,
                message=f"the session of {session.date} is closed ({minutes})",
                value=minutes,
                limit=f"0 … {session.length_minutes} min",
            ),
        )
