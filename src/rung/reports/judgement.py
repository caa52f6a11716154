"""Figures → verdict. Computed, never hopeful: one failed check and the answer is no."""

from __future__ import annotations

from dataclasses import dataclass

from rung.reports.figures import RunMetrics
from rung.reports.info import Criteria, RunInfo
from rung.reports.words import NOTHING, number, percent, plural

READY = "READY FOR LIVE PAPER TRADING"
NOT_READY = "DO NOT GO LIVE"
MAX_CHANCE_FRAC = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One criterion: what was measured, whether it holds, what to say beside it, and what to say if it fails."""

    key: str
    label: str
    value: str
    passed: bool
    words: str
    failure: str

    @property
    def mark(self) -> str:
        return "✅" if self.passed else "❌"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Every check in order and what follows from all of them."""

    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def headline(self) -> str:
        return READY if self.ready else NOT_READY

    @property
    def failures(self) -> tuple[str, ...]:
        return tuple(check.failure for check in self.checks if not check.passed)

    @property
    def line(self) -> str:
        """The verdict as the text report ends with it."""
        return f"✅ {READY}" if self.ready else f"❌ {NOT_READY} - {'; '.join(self.failures)}"

    def check(self, key: str) -> Check:
        return next(check for check in self.checks if check.key == key)


def judge(metrics: RunMetrics, info: RunInfo) -> Judgement:
    """Hold a run against the stated targets. Missing evidence fails its check."""
    criteria = info.criteria
    return Judgement(
        checks=(
            _mrd(metrics, criteria),
            _interval(metrics),
            _win_rate(metrics, criteria),
            _trade_count(metrics, criteria),
            _drawdown(metrics, criteria),
            _days(metrics, criteria),
            _against_chance(metrics),
            _market(info),
        )
    )


def _mrd(metrics: RunMetrics, criteria: Criteria) -> Check:
    mrd, target = metrics.returns.mrd_frac, criteria.min_mrd_frac
    goal = percent(target, 1, signed=False)
    passed = mrd >= target
    below = "Negative" if mrd < 0 else f"Below target ({goal})"
    return Check(
        key="mrd",
        label="MRD",
        value=percent(mrd),
        passed=passed,
        words=f"Above target ({goal})" if passed else below,
        failure=f"MRD {percent(mrd)} is below the {goal} target",
    )


def _interval(metrics: RunMetrics) -> Check:
    bounds = metrics.returns.mrd_interval
    passed = bounds is not None and bounds.low > 0
    value = NOTHING if bounds is None else f"{percent(bounds.low)} to {percent(bounds.high)}"
    if bounds is None:
        words, failure = "Too few days for an interval", "too few days for an interval of MRD"
    elif passed:
        words, failure = "Above zero", ""
    else:
        words, failure = "Not above zero", f"the 95% interval of MRD ({value}) is not above zero"
    return Check(key="mrd_interval", label="MRD 95%", value=value, passed=passed, words=words, failure=failure)


def _win_rate(metrics: RunMetrics, criteria: Criteria) -> Check:
    rate, target = metrics.trading.win_rate_frac, criteria.min_win_rate_frac
    goal = percent(target, 0, signed=False)
    passed = rate is not None and rate >= target
    shown = percent(rate, 1, signed=False)
    return Check(
        key="win_rate",
        label="Win Rate",
        value=shown,
        passed=passed,
        words="No closed trade" if rate is None else f"{'Above' if passed else 'Below'} {goal}",
        failure="no trade was closed" if rate is None else f"win rate {shown} is below {goal}",
    )


def _trade_count(metrics: RunMetrics, criteria: Criteria) -> Check:
    per_day = metrics.trading.trades_per_day
    low, high = criteria.min_trades_per_day, criteria.max_trades_per_day
    band = f"{low:g}-{high:g} per day"
    passed = low <= per_day <= high
    words = f"Within {band}" if passed else f"Too many (churning; {band})" if per_day > high else f"Too few ({band})"
    return Check(
        key="trades",
        label="Trades Executed",
        value=f"{metrics.trading.trades:,}",
        passed=passed,
        words=words,
        failure=f"{number(per_day, 1)} trades per day are outside {low:g}-{high:g}",
    )


def _drawdown(metrics: RunMetrics, criteria: Criteria) -> Check:
    fall, limit = metrics.returns.max_intraday_drawdown_frac, criteria.max_drawdown_frac
    goal = percent(limit, 0, signed=False)
    passed = fall <= limit
    return Check(
        key="drawdown",
        label="Max Drawdown",
        value=percent(-fall),
        passed=passed,
        words=f"{'Below' if passed else 'Above'} {goal}",
        failure=f"drawdown {percent(fall, signed=False)} is above {goal}",
    )


def _days(metrics: RunMetrics, criteria: Criteria) -> Check:
    days, needed = len(metrics.days), criteria.min_days
    return Check(
        key="days",
        label="Sessions",
        value=f"{days:,}",
        passed=days >= needed,
        words=f"At least {needed}" if days >= needed else f"Too few ({needed} needed)",
        failure=f"{plural(days, 'session')} cannot carry a verdict ({needed} needed)",
    )


def _against_chance(metrics: RunMetrics) -> Check:
    """Every baseline must be beaten beyond chance; a run that was compared with none has shown nothing."""
    baselines = metrics.shuffled
    worst = max((each.chance_frac for each in baselines), default=None)
    passed = worst is not None and worst <= MAX_CHANCE_FRAC
    shown = NOTHING if worst is None else percent(worst, 0, signed=False)
    words = "Not compared" if worst is None else f"{'Beyond' if passed else 'Within'} luck (at most 5%)"
    failure = "it was not compared with shuffled signals" if worst is None else "it is not to be told from chance"
    return Check(key="chance", label="Luck", value=shown, passed=passed, words=words, failure=failure)


def _market(info: RunInfo) -> Check:
    return Check(
        key="market",
        label="Market Data",
        value="SYNTHETIC" if info.synthetic else "recorded",
        passed=not info.synthetic,
        words="An invented market is no evidence" if info.synthetic else "Recorded market",
        failure="the data is SYNTHETIC",
    )
