"""Is one set of parameters better than another on the same days, or is the difference luck?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rung.domain.errors import UserError
from rung.kernels.statistics.growth import total_return
from rung.kernels.statistics.intervals import Interval
from rung.lab.statistics.bootstrap import MIN_VALUES, interval
from rung.lab.statistics.series import Floats
from rung.lab.statistics.verdict import MIN_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """chosen_frac, default_frac : total returns.   daily_interval : 95 %, of the mean daily difference, by the
    stationary bootstrap of the differences; None with fewer than 5 days.   sentence : what follows, in words.
    """

    days: int
    chosen_frac: float
    default_frac: float
    daily_interval: Interval | None
    sentence: str


def lead_over(chosen: Floats, default: Floats, chance: np.random.Generator) -> Lead:
    """chosen, default : (days,) daily returns of the same days. UserError: not as many of each."""
    if len(chosen) != len(default):
        raise UserError(f"{len(chosen)} and {len(default)} days cannot be compared", where="lead")
    away = chosen - default
    bounds = interval(away, _mean, chance) if len(away) >= MIN_VALUES else None
    first, second = total_return(chosen), total_return(default)
    return Lead(
        days=len(away),
        chosen_frac=first,
        default_frac=second,
        daily_interval=bounds,
        sentence=_sentence(away, (first, second), bounds),
    )


def _mean(row: Floats) -> float:
    return float(row.mean())


def _sentence(away: Floats, totals: tuple[float, float], bounds: Interval | None) -> str:
    if len(away) == 0:
        return "Nothing was kept out of sample to compare with the default."
    if not np.any(away):
        return "It did exactly what the default did."
    mean, (first, second) = float(away.mean()), totals
    better = "beat" if first > 0 else "lost less than"
    did = better if mean > 0 else "did no better than"
    told = f"Out of sample it {did} the default ({first:+.2%} against {second:+.2%} over {len(away)} days)"
    if bounds is None or len(away) < MIN_DAYS:
        return f"{told}; so few days cannot tell that from luck."
    shown = f"{mean:+.3%} a day, 95% interval {bounds.low:+.3%} to {bounds.high:+.3%}"
    if bounds.low <= 0.0 <= bounds.high:
        return f"{told}; luck explains the difference ({shown})."
    return f"{told}; luck hardly explains the difference ({shown})."
