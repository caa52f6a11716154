"""Is the Sharpe ratio above what luck gives? Probabilistic, deflated, and how long a record must be to say so."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, e, expm1, log1p, sqrt
from statistics import NormalDist

from rung.domain.errors import UserError
from rung.lab.statistics.sharpe import Moments

EULER = 0.5772156649015329
CONFIDENCE = 0.95
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True, kw_only=True)
class Deflated:
    """A Sharpe ratio held against what the best of as many trials without skill would show.

    luck : the ratio that best is expected to have, per period.   probability : the DSR, that the true ratio lies above
    `luck`; as a test it is far stricter than it says once there are several trials.   chance : that the best of so
    many independent trials without skill is at least as good as what was measured, a p-value that keeps its level.
    """

    trials: int
    luck: float
    probability: float
    chance: float


def probability_above(ratio: float, benchmark: float, error: float) -> float:
    """That the true ratio is above `benchmark`, all per period, in [0, 1]: Φ((ratio − benchmark) ÷ error)."""
    if error <= 0.0:
        return 0.5 if ratio == benchmark else float(ratio > benchmark)
    return _NORMAL.cdf((ratio - benchmark) / error)


def probabilistic_sharpe(moments: Moments, benchmark: float = 0.0, *, error: float | None = None) -> float:
    """PSR: probability that the true ratio is above `benchmark` (per period).

    error : standard error to use instead of the one for independent days.
    Source: Bailey & López de Prado (2012), "The Sharpe Ratio Efficient Frontier".
    """
    return probability_above(moments.ratio, benchmark, moments.error if error is None else error)


def expected_best(trials: int, sharpe_variance: float) -> float:
    """The ratio the best of `trials` independent trials without skill is expected to show, per period; 0 for one.

    sharpe_variance : variance of the trials' ratios, per period.   Source: Bailey & López de Prado (2014), eq. 1.
    """
    if not sharpe_variance >= 0.0:
        raise UserError(f"a variance of {sharpe_variance:g} is none", where="sharpe_variance")
    return sqrt(sharpe_variance) * _deviations_of_the_best(trials)


def _deviations_of_the_best(trials: int) -> float:
    if counted(trials) == 1:
        return 0.0
    upper, outer = _NORMAL.inv_cdf(1.0 - 1.0 / trials), _NORMAL.inv_cdf(1.0 - 1.0 / (trials * e))
    return (1.0 - EULER) * upper + EULER * outer


def counted(trials: int) -> int:
    """The number itself. UserError below 1: what is judged was tried."""
    if trials < 1:
        raise UserError(f"{trials} trials were counted", where="trials", remedy="count the one that is judged, too")
    return trials


def chance_of_best(moments: Moments, trials: int, *, error: float | None = None) -> float:
    """That the best of `trials` independent trials without skill shows at least this ratio: 1 − PSR(0)^trials.

    error : as in `probabilistic_sharpe`.   Trials that resemble each other make it too large, never too small.
    Source: Šidák (1967).
    """
    alone = probability_above(-moments.ratio, 0.0, moments.error if error is None else error)
    return 1.0 if alone >= 1.0 else -expm1(counted(trials) * log1p(-alone))


def variance_without_skill(days: int) -> float:
    """Variance of the measured ratios of strategies whose true ratio is zero, per period: 1 ÷ (days − 1).

    To be used where the trials' own ratios were not kept; it leaves out that trials differ in more than luck.
    """
    if days < 2:
        raise UserError(f"{days} days have no variance", where="days")
    return 1.0 / (days - 1)


def deflated_sharpe(moments: Moments, trials: int, sharpe_variance: float, *, error: float | None = None) -> Deflated:
    """DSR: the PSR against the best ratio that luck alone gives among all trials.

    trials : every configuration ever evaluated, as the trial book counts them.   sharpe_variance : of their ratios,
    per period.   error : as in `probabilistic_sharpe`.   Correlated trials count as independent, which is strict.
    Source: Bailey & López de Prado (2014), "The Deflated Sharpe Ratio".
    """
    luck = expected_best(trials, sharpe_variance)
    return Deflated(
        trials=trials,
        luck=luck,
        probability=probabilistic_sharpe(moments, luck, error=error),
        chance=chance_of_best(moments, trials, error=error),
    )


def minimum_track_record(moments: Moments, benchmark: float = 0.0, confidence: float = CONFIDENCE) -> float | None:
    """Days after which so good a ratio would be above `benchmark` with `confidence`; None when it is not above it.

    benchmark : per period.   A fraction of a day is meant: round up.   Source: Bailey & López de Prado (2012), eq. 13.
    """
    lead = moments.ratio - benchmark
    if lead <= 0.0:
        return None
    return 1.0 + moments.spread * (_NORMAL.inv_cdf(confidence) / lead) ** 2


def days_to_pass(ratio: float, spread: float, trials: int = 1, *, power: float = 0.5) -> int | None:
    """Days after which a true ratio has a `chance_of_best` of at most 5 % with probability `power`; None: never.

    ratio : per period.   spread : variance a day adds to its estimate (`Moments.spread`; 1 + ratio² ÷ 2 for normal
    returns).   For one trial and power 0.5 it is the minimum track record, rounded up.
    """
    if ratio <= 0.0:
        return None
    hurdle = _NORMAL.inv_cdf(CONFIDENCE ** (1.0 / counted(trials))) + _NORMAL.inv_cdf(power)
    return ceil(1.0 + spread * (hurdle / ratio) ** 2)
