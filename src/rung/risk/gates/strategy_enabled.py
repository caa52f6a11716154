"""A strategy that somebody switched off opens nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.policy import StrategyPolicy


class StrategyEnabled:
    """The strategy is not switched off. Source: seed 004 (safety gate, strategy level)."""

    name = "strategy_enabled"
    halts = False

    def __init__(self, policy: StrategyPolicy) -> None:
        self._policy = policy

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        if self._policy.enabled(order.strategy):
            return ()
        return (
            Violation(
                kind=ViolationKind.STRATEGY_NOT_ALLOWED,
                gate=self.name,
                message=f"strategy {order.strategy!r} is disabled",
                value="disabled",
                limit="enabled",
            ),
        )
