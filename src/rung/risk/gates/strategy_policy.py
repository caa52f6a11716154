"""Which strategies an account of a given profile may run."""

from __future__ import annotations

from collections.abc import Sequence

from rung.domain.order import Order
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.policy import StrategyPolicy


class StrategyAllowed:
    """Global blacklist → blacklist of the profile → a non-empty whitelist must name it. Source: seed 003."""

    name = "strategy_policy"
    halts = False

    def __init__(self, policy: StrategyPolicy, profile: str) -> None:
        self._policy, self._profile = policy, profile

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        why = self._policy.refusal(order.strategy, self._profile)
        if why is None:
            return ()
        return (
            Violation(
                kind=ViolationKind.STRATEGY_NOT_ALLOWED,
                gate=self.name,
                message=f"strategy {order.strategy!r} {why}",
                value=order.strategy,
                limit=f"policy of profile {self._profile}",
            ),
        )
