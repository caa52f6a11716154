"""The level that is in force: assessments raise it at once, only time or a person lowers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.risk.global_risk import Assessment, RiskLevel

_RANK = {level: rank for rank, level in enumerate(RiskLevel)}


class GlobalRiskState:
    """EMERGENCY stays until a person re-arms it with a reason. CAUTION ends `hold_minutes` after its last assessment.

    Before the first assessment, and when the newest is older than `max_age_minutes`, the level is unknown: None.
    """

    def __init__(self, *, hold_minutes: int = 15, max_age_minutes: int = 5) -> None:
        self._hold_ns = hold_minutes * NS_PER_MINUTE
        self._max_age_ns = max_age_minutes * NS_PER_MINUTE
        self._level = RiskLevel.NORMAL
        self._reason = ""
        self._assessed_ns: int | None = None
        self._raised_ns = 0

    def assessed(self, assessment: Assessment) -> str | None:
        """Take a new assessment in; answers one sentence when the level in force changed, else None."""
        before = self._level
        self._assessed_ns = assessment.at_ns
        if assessment.level is not RiskLevel.NORMAL and _RANK[assessment.level] >= _RANK[before]:
            self._level, self._reason = assessment.level, assessment.sentence
            self._raised_ns = assessment.at_ns
        elif before is RiskLevel.CAUTION and assessment.at_ns - self._raised_ns >= self._hold_ns:
            self._level, self._reason = RiskLevel.NORMAL, ""
        return None if self._level is before else f"global risk {before} → {self._level}: {self._reason or 'calm'}"

    def level(self, at_ns: int) -> RiskLevel | None:
        """The level in force at `at_ns`; None when nobody has looked recently enough. EMERGENCY never expires."""
        if self._level is RiskLevel.EMERGENCY:
            return self._level
        if self._assessed_ns is None or not 0 <= at_ns - self._assessed_ns <= self._max_age_ns:
            return None
        return self._level

    @property
    def reason(self) -> str:
        return self._reason

    def rearm(self, at_ns: int, person: str, reason: str) -> str:
        """Lower the level to NORMAL by hand; the next assessment may raise it again at once."""
        if self._level is RiskLevel.NORMAL:
            raise UserError("the global risk level is NORMAL", remedy="nothing is to be re-armed")
        if not person.strip() or not reason.strip():
            raise UserError("the level is lowered by a person with a reason", remedy="name both")
        if at_ns < self._raised_ns:
            raise UserError("the level was raised after the given time", remedy="check the clock")
        sentence = f"global risk {self._level} → {RiskLevel.NORMAL} by {person}: {reason}"
        self._level, self._reason = RiskLevel.NORMAL, ""
        return sentence

    def to_dict(self) -> dict[str, Any]:
        return {
            "level": self._level.value,
            "reason": self._reason,
            "assessed_ns": self._assessed_ns,
            "raised_ns": self._raised_ns,
        }

    def restore(self, memory: Mapping[str, Any]) -> None:
        self._level = RiskLevel(memory["level"])
        self._reason = memory["reason"]
        self._assessed_ns = memory["assessed_ns"]
        self._raised_ns = memory["raised_ns"]
