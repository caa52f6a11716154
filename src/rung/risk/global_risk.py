"""The risk of the whole book: facts against limits → NORMAL, CAUTION or EMERGENCY, and why."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from annotated_doc import Doc
from annotated_types import Ge, Gt, Le

from rung.risk.limits import Limits, LimitSet


class RiskLevel(StrEnum):
    """NORMAL trades; CAUTION opens at reduced size; EMERGENCY opens nothing until a person says so."""

    NORMAL = "NORMAL"
    CAUTION = "CAUTION"
    EMERGENCY = "EMERGENCY"


class Severity(StrEnum):
    INFO = "INFO"
    WARNING = "WARNING"
    CRITICAL = "CRITICAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalLimits:
    """Source: seed 003, Global Risk v3, in fractions of equity where it had dollars on 10,000. Exactly at it passes."""

    leverage: Annotated[float, Gt(0), Doc("gross value / equity")] = 5.0
    position_frac: Annotated[float, Gt(0), Doc("largest position / equity")] = 1.0
    daily_drawdown_frac: Annotated[float, Gt(0), Le(1), Doc("fall since the session began")] = 0.05
    correlation: Annotated[float, Gt(0), Le(1), Doc("mean absolute pairwise correlation")] = 0.80
    var95_frac: Annotated[float, Gt(0), Doc("one-day 95 % value at risk / equity")] = 0.10
    var99_frac: Annotated[float, Gt(0), Doc("one-day 99 % value at risk / equity")] = 0.20
    es975_frac: Annotated[float, Gt(0), Doc("one-day 97.5 % expected shortfall / equity")] = 0.25
    symbol_share: Annotated[float, Gt(0), Le(1), Doc("largest symbol / capital (equity, or gross where more)")] = 0.60
    venue_share: Annotated[float, Gt(0), Le(1), Doc("largest venue / capital, where there are several")] = 0.80
    hhi: Annotated[float, Gt(0), Le(1), Doc("Herfindahl index of those shares")] = 0.40
    correlation_jump: Annotated[float, Gt(0), Doc("correlation over its 30-observation mean")] = 0.20
    volatility_ratio: Annotated[float, Gt(0), Doc("volatility / its usual")] = 2.0
    min_liquidity: Annotated[float, Ge(0), Le(1), Doc("liquidity score, 1 = usual volume")] = 0.50
    venue_imbalance: Annotated[float, Gt(0), Doc("imbalance across venues; a remark only")] = 0.5
    cascade_correlation: Annotated[float, Gt(0), Le(1), Doc("cascade: correlation above this")] = 0.70
    cascade_leverage: Annotated[float, Gt(0), Doc("cascade: leverage above this")] = 3.0
    cascade_positions: Annotated[int, Ge(1), Doc("cascade: so many positions above that leverage")] = 2

    def __post_init__(self) -> None:
        if self.var95_frac > self.var99_frac:
            raise ValueError("var95_frac is above var99_frac: the farther tail is never the smaller one")

    def limit_set(self, origin: str) -> LimitSet:
        """As one of several sets: it limits nothing by itself, but the book is assessed against it."""
        return LimitSet(origin=origin, limits=Limits(), book=self)


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalFacts:
    """What the book looks like now. None: could not be measured, which is CRITICAL; `unready` names the exceptions.

    unready : facts that do not apply (one venue, one symbol, flat), each said openly.
    blind : facts of an open book that cannot be measured yet, for want of history; together they are CAUTION.
    leveraged_positions : how many positions are above `cascade_leverage` × equity.
    """

    at_ns: int
    leverage: float | None
    position_frac: float | None
    daily_drawdown_frac: float | None
    correlation: float | None
    var95_frac: float | None
    var99_frac: float | None
    es975_frac: float | None
    symbol_share: float | None
    venue_share: float | None
    hhi: float | None
    correlation_jump: float | None
    volatility_ratio: float | None
    liquidity: float | None
    venue_imbalance: float | None
    leveraged_positions: int | None
    unready: frozenset[str] = frozenset()
    blind: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One thing wrong with the book."""

    name: str
    severity: Severity
    value: str
    limit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Level and issues of one instant. score : share of the facts that are at least WARNING, in [0, 1]."""

    at_ns: int
    level: RiskLevel
    issues: tuple[Issue, ...]
    score: float

    @property
    def sentence(self) -> str:
        bad = [issue for issue in self.issues if issue.severity is not Severity.INFO]
        listed = "; ".join(f"{issue.name} {issue.value} (limit {issue.limit})" for issue in bad)
        return listed or "nothing is wrong"


_REDUCED_SCORE = 0.75
_TAIL = 1.5
_PLAIN = 1.2
_CEILINGS = {
    "leverage": _PLAIN, "position_frac": _PLAIN, "daily_drawdown_frac": _PLAIN, "correlation": _PLAIN,
    "var95_frac": _TAIL, "var99_frac": _TAIL, "es975_frac": _TAIL, "symbol_share": _PLAIN, "venue_share": _PLAIN,
    "hhi": _PLAIN, "correlation_jump": _PLAIN, "volatility_ratio": _PLAIN,
}  # fmt: skip
"""Facts that must stay below a limit → how far above it they become CRITICAL."""
_WARN_AT = frozenset({"correlation_jump", "volatility_ratio"})
"""Spikes: at the limit is already one."""


def assess(facts: GlobalFacts, limits: GlobalLimits) -> Assessment:
    """EMERGENCY at two CRITICAL issues or a cascade; CAUTION at one CRITICAL, a score of 0.75 or a blind fact.

    Above a limit is WARNING, above 1.2 × (VaR, ES 1.5 ×) CRITICAL; correlation jump and volatility spike warn at their
    limit. A fact that is None or not finite is CRITICAL unless `unready` says that it does not apply, or `blind` that
    it cannot be known yet. Source: seed 003, Global Risk v3.
    """
    issues = tuple(_issues(facts, limits))
    critical = sum(1 for issue in issues if issue.severity is Severity.CRITICAL)
    bad = sum(1 for issue in issues if issue.severity is not Severity.INFO)
    cascade = any(issue.name == "cascade" for issue in issues)
    score = min(1.0, bad / (len(_CEILINGS) + 3))
    level = RiskLevel.NORMAL
    if critical or facts.blind or score >= _REDUCED_SCORE:
        level = RiskLevel.CAUTION
    if critical >= 2 or cascade:
        level = RiskLevel.EMERGENCY
    return Assessment(at_ns=facts.at_ns, level=level, issues=issues, score=score)


def _issues(facts: GlobalFacts, limits: GlobalLimits) -> Iterator[Issue]:
    for name, factor in _CEILINGS.items():
        limit = float(getattr(limits, name))
        yield from _ceiling(facts, name, limit, factor)
    yield from _liquidity(facts, limits.min_liquidity)
    imbalance = facts.venue_imbalance
    if imbalance is not None and imbalance > limits.venue_imbalance:
        yield Issue(
            name="venue_imbalance",
            severity=Severity.INFO,
            value=f"{imbalance:.4g}",
            limit=f"{limits.venue_imbalance:g}",
        )
    yield from _cascade(facts, limits)


def _ceiling(facts: GlobalFacts, name: str, limit: float, factor: float) -> Iterator[Issue]:
    value: float | None = getattr(facts, name)
    if value is None or not math.isfinite(value):
        yield from _unmeasured(facts, name, value)
    elif value > limit or (value == limit and name in _WARN_AT):
        severity = Severity.CRITICAL if value > limit * factor else Severity.WARNING
        yield Issue(name=name, severity=severity, value=f"{value:.4g}", limit=f"{limit:g}")


def _liquidity(facts: GlobalFacts, least: float) -> Iterator[Issue]:
    value = facts.liquidity
    if value is None or not math.isfinite(value):
        yield from _unmeasured(facts, "liquidity", value)
    elif value < least:
        severity = Severity.CRITICAL if value < least / _PLAIN else Severity.WARNING
        yield Issue(name="liquidity", severity=severity, value=f"{value:.4g}", limit=f"{least:g}")


def _cascade(facts: GlobalFacts, limits: GlobalLimits) -> Iterator[Issue]:
    correlation, leverage, count = facts.correlation, facts.leverage, facts.leveraged_positions
    if correlation is None or leverage is None or count is None:
        return
    if (
        correlation > limits.cascade_correlation
        and leverage > limits.cascade_leverage
        and count >= limits.cascade_positions
    ):
        value = f"correlation {correlation:.3g}, leverage {leverage:.3g}, {count} positions"
        limit = f"{limits.cascade_correlation:g}, {limits.cascade_leverage:g}, {limits.cascade_positions}"
        yield Issue(name="cascade", severity=Severity.CRITICAL, value=value, limit=limit)


def _unmeasured(facts: GlobalFacts, name: str, value: float | None) -> Iterator[Issue]:
    if value is None and name in facts.blind:
        yield Issue(name=name, severity=Severity.WARNING, value="not known yet", limit="enough history")
        return
    severity = Severity.INFO if value is None and name in facts.unready else Severity.CRITICAL
    yield Issue(name=name, severity=severity, value="not measured", limit="a finite value")
