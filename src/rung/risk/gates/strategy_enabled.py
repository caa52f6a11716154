"""A strategy that somebody switched off opens nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View


class StrategyEnabled:
    """The strategy is known and enabled. An unknown one is not.

    enabled : strategy name → may it open; read live, so whoever owns the mapping can switch it between steps.
    """

    name = "strategy_enabled"
    halts = False

    def __init__(self, enabled: Mapping[str, bool]) -> None:
        self._enabled = enabled

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        state = self._enabled.get(order.strategy)
        if state is True:
            return ()
        value = "unknown" if state is None else "disabled"
        return (
            Violation(
                kind=ViolationKind.STRATEGY_NOT_ALLOWED,
                gate=self.name,
                message=f"strategy {order.strategy!r} is {value}",
                value=value,
                limit="enabled",
            ),
        )
