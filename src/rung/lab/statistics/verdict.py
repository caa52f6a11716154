"""The honesty box: what was seen while choosing, what came after, and in words whether luck explains it.

Computed, never hopeful. A record is called too short before it is called lucky, and lucky before it is called good.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from math import sqrt

import numpy as np
from numpy.typing import ArrayLike

from rung.kernels.statistics.growth import compounded, total_return, worst_fall
from rung.kernels.statistics.intervals import Interval
from rung.lab.statistics.bootstrap import MIN_VALUES, interval
from rung.lab.statistics.psr import (
    CONFIDENCE,
    Deflated,
    days_to_pass,
    deflated_sharpe,
    probabilistic_sharpe,
)
from rung.lab.statistics.series import Floats, returns_of
from rung.lab.statistics.sharpe import SharpeRatio, sharpe_ratio
from rung.lab.statistics.trials import Tally

WORTH_FINDING = 2.0
"""The annual Sharpe ratio a test should be able to see. A shorter record than that cannot tell."""

MIN_DAYS = 30
"""Below this the formulas, which are for long records, are not to be trusted whatever they say."""


class Verdict(Enum):
    """What follows from the days that were not used for choosing."""

    BEYOND_LUCK = "beyond luck"
    WITHIN_LUCK = "luck can explain it"
    LOSES = "it loses"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One column of the box.

    total_interval : 95 %, of the total return, from the stationary bootstrap; None with fewer than 5 days.
    sharpe : None when it cannot be computed; then so are the three after it.   psr : probability that the true ratio is
    above zero.   deflated : the same against the best of all trials on these days, and the chance that luck alone shows
    as much.   needed_days : after how many days so good a ratio would be beyond luck; None when it never would.
    """

    days: int
    total_frac: float
    total_interval: Interval | None
    max_drawdown_frac: float
    sharpe: SharpeRatio | None
    psr: float | None
    deflated: Deflated | None
    needed_days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Honesty:
    """Both sides, the verdict, and the sentences a reader is told, the verdict's own first.

    enough_days : length from which a strategy of WORTH_FINDING would pass with probability 0.8, after so many looks.
    """

    in_sample: Side
    out_of_sample: Side
    enough_days: int
    verdict: Verdict
    sentences: tuple[str, ...]


def honesty(
    in_sample: ArrayLike,
    out_of_sample: ArrayLike,
    tally: Tally,
    looks: Tally,
    periods_per_year: int,
    chance: np.random.Generator,
) -> Honesty:
    """Judge a strategy by the days it was not chosen on.

    in_sample, out_of_sample : (n,) daily returns after costs, finite; either may be empty.   tally : all trials counted
    on the days of choosing.   looks : those counted on the days after: 1 if they were looked at once, else all that
    were, since then they were chosen on, too.   chance : drives the bootstrap only.
    Beyond luck: a gain whose `Deflated.chance` is at most 5 %, with the larger of Mertens's and Lo's standard error.
    It loses: a loss whose PSR is at most 5 %.
    UserError: `returns_of`, no trial.
    """
    inside, outside = returns_of(in_sample, where="in sample"), returns_of(out_of_sample, where="out of sample")
    first = replace(_side(inside, tally, periods_per_year), total_interval=_total_interval(inside, chance))
    then = replace(_side(outside, looks, periods_per_year), total_interval=_total_interval(outside, chance))
    enough = _enough(looks, periods_per_year)
    verdict = _verdict(then, enough)
    sentences = (
        _headline(verdict, then, enough),
        *_about_choosing(first, periods_per_year, counted=tally.counted),
        *_about_after(first, then),
        *_about_dependence(then),
    )
    return Honesty(in_sample=first, out_of_sample=then, enough_days=enough, verdict=verdict, sentences=sentences)


def verdict_on(out_of_sample: ArrayLike, looks: Tally, periods_per_year: int) -> Verdict:
    """The verdict alone, as `honesty` gives it: for gates and for simulations of them."""
    then = _side(returns_of(out_of_sample, where="out of sample"), looks, periods_per_year)
    return _verdict(then, _enough(looks, periods_per_year))


def _total_interval(row: Floats, chance: np.random.Generator) -> Interval | None:
    return interval(row, total_return, chance) if len(row) >= MIN_VALUES else None


def _side(row: Floats, tally: Tally, periods_per_year: int) -> Side:
    sharpe = sharpe_ratio(row, periods_per_year)
    total = total_return(row)
    psr = deflated = needed = None
    if sharpe is not None:
        moments, error = sharpe.moments, sharpe.daily_error
        deflated = deflated_sharpe(moments, tally.count, tally.sharpe_variance(len(row)), error=error)
        psr = probabilistic_sharpe(moments, error=error)
        spread = error**2 * (len(row) - 1)
        needed = days_to_pass(moments.ratio, spread, tally.count)
    return Side(
        days=len(row),
        total_frac=total,
        total_interval=None,
        max_drawdown_frac=worst_fall(compounded(row), 1.0),
        sharpe=sharpe,
        psr=psr,
        deflated=deflated,
        needed_days=needed,
    )


def _enough(looks: Tally, periods_per_year: int) -> int:
    true = WORTH_FINDING / sqrt(periods_per_year)
    found = days_to_pass(true, 1.0 + true**2 / 2.0, looks.count, power=0.8)
    assert found is not None  # noqa: S101 (a ratio above zero passes some day)
    return max(MIN_DAYS, found)


def _verdict(then: Side, enough: int) -> Verdict:
    if then.deflated is None or then.days < MIN_DAYS:
        return Verdict.CANNOT_TELL
    if then.deflated.chance <= 1.0 - CONFIDENCE and then.total_frac > 0.0:
        return Verdict.BEYOND_LUCK
    if then.psr is not None and then.psr <= 1.0 - CONFIDENCE and then.total_frac < 0.0:
        return Verdict.LOSES
    return Verdict.WITHIN_LUCK if then.days >= enough else Verdict.CANNOT_TELL


def _headline(verdict: Verdict, then: Side, enough: int) -> str:
    if then.days == 0:
        return "Cannot tell: nothing was kept out of sample."
    if verdict is Verdict.CANNOT_TELL:
        if then.sharpe is None and then.days >= MIN_DAYS:
            return f"Cannot tell: nothing happened in {_days(then.days)}."
        needs = _needs(then, enough)
        return f"Cannot tell: too short ({_days(then.days)}, needs {needs})."
    assert then.deflated is not None and then.psr is not None  # noqa: S101, PT018 (all remaining verdicts have both)
    chance = then.deflated.chance
    if verdict is Verdict.LOSES:
        lost = f"{_percent(-then.total_frac)} out of sample"
        return f"It lost {lost}, and bad luck hardly explains it: probability {_rare(then.psr)}."
    if verdict is Verdict.BEYOND_LUCK:
        return f"Luck hardly explains it: without skill, so good a record comes with probability {_rare(chance)}."
    if then.total_frac <= 0.0:
        return f"There is nothing for luck to explain: it lost {_percent(-then.total_frac)} out of sample."
    told = f"without skill, so good a record comes with probability {_percent(chance)}"
    return f"Luck can explain it: {told}, and at most {_percent(1.0 - CONFIDENCE)} passes."


def _needs(then: Side, enough: int) -> str:
    """The shorter of what this ratio would need if it goes on, and what any ratio worth finding would."""
    goes_on = enough if then.needed_days is None else max(MIN_DAYS, then.needed_days)
    return f"{goes_on if then.days < goes_on < enough else enough:,}"


def _about_choosing(first: Side, periods_per_year: int, *, counted: bool) -> tuple[str, ...]:
    if first.sharpe is None or first.deflated is None:
        return ("There is no record of the days it was chosen on.",)
    luck, trials = first.deflated.luck * sqrt(periods_per_year), first.deflated.trials
    shown = f"In sample the Sharpe ratio is {first.sharpe.annual:.2f} (standard error {first.sharpe.annual_error:.2f})"
    if not counted:
        return (f"{shown}; nobody counted what else was tried.",)
    if trials == 1:
        return (f"{shown}; it is the only configuration that was tried.",)
    above = "above" if first.sharpe.annual > luck else "not above"
    told = f"{shown}, {above} the {luck:.2f} of the best of {trials:,} trials that scatter like these around zero"
    return (f"{told}; by luck alone the best of as many is as good with probability {_rare(first.deflated.chance)}.",)


def _about_after(first: Side, then: Side) -> tuple[str, ...]:
    if then.sharpe is None or then.deflated is None:
        return ()
    measured = f"{then.sharpe.annual:.2f} (standard error {then.sharpe.annual_error:.2f})"
    said = [f"Out of sample it is {measured} over {_days(then.days)}."]
    if first.sharpe is not None and first.sharpe.annual > 0.0:
        kept = then.sharpe.annual / first.sharpe.annual
        if kept < 0.5:
            said.append(f"That is {'less than nothing' if kept <= 0.0 else _percent(kept)} of what was promised.")
    if then.deflated.trials > 1:
        said.append(f"These days were looked at {then.deflated.trials:,} times, so they are not quite out of sample.")
    bounds = then.total_interval
    if bounds is not None and bounds.low <= 0.0 < then.total_frac:
        said.append(
            f"Its total return of {_percent(then.total_frac)} could as well have been {_percent(bounds.low)}"
            f" (95% interval to {_percent(bounds.high)})."
        )
    return tuple(said)


def _about_dependence(then: Side) -> tuple[str, ...]:
    if then.sharpe is None or then.sharpe.annual <= 0.0:
        return ()
    corrected = then.sharpe.annual_corrected
    if corrected is None or corrected > 0.8 * then.sharpe.annual:
        return ()
    return (f"Its days resemble the days before them: with that the annual ratio is {corrected:.2f}.",)


def _days(count: int) -> str:
    return f"{count:,} day{'' if count == 1 else 's'}"


def _rare(frac: float) -> str:
    if frac > 0.999:
        return "more than 99.9%"
    return _percent(frac) if frac >= 0.001 else "less than 0.1%"


def _percent(frac: float) -> str:
    return f"{frac * 100:.1f}%"
