"""The limits in force are those of the profile the account has now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View


class AccountProfile:
    """The account's profile now = the profile these gates were built for. An account without a profile refuses.

    assigned : the profile's name as last read outside, None when the account has none. Does no I/O.
    """

    name = "account_profile"
    halts = False

    def __init__(self, built_for: str, assigned: Callable[[], str | None]) -> None:
        self._built_for, self._assigned = built_for, assigned

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        now = self._assigned()
        if now == self._built_for:
            return ()
        return (
            Violation(
                kind=ViolationKind.PROFILE,
                gate=self.name,
                message=f"the account's profile is {now or 'not set'}, its limits were built for {self._built_for}",
                value=now or "none",
                limit=self._built_for,
            ),
        )
