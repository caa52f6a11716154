"""What the best of many combinations is worth: counted trials, deflated Sharpe, overfitting, and a plain sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rung.lab.statistics.pbo import BLOCKS, MIN_DAYS_PER_BLOCK, Overfitting, overfitting
from rung.lab.statistics.psr import Deflated, deflated_sharpe
from rung.lab.statistics.sharpe import SharpeRatio, sharpe_ratio
from rung.lab.statistics.trials import Tally
from rung.lab.statistics.verdict import MIN_DAYS, Verdict, verdict_on

FEWEST_BLOCKS = 4


LIKELY = 0.5
"""A PBO below it is low: the best of one half was more often than not above the median in the other."""
CHANCE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """The best of `of` combinations that ran here. daily : (days,) returns, total_frac their total.

    traded : False when it had no position on any day.
    """

    daily: Sequence[float]
    total_frac: float
    of: int
    traded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """About the best combination, on the days it was chosen on.

    ran : combinations of this sweep.   traded : whether the best one did.
    tally : every trial of this strategy on any of these days, this sweep's and earlier ones'; new : first tried now.
    sharpe, deflated : None when the days have no ratio.   overfit : None with too few days or combinations;
    overfit_of : how many combinations it compares; among the best only, it does not tell of the rest.
    """

    ran: int
    traded: bool
    tally: Tally
    new: int
    days: int
    total_frac: float
    sharpe: SharpeRatio | None
    deflated: Deflated | None
    verdict: Verdict
    overfit: Overfitting | None
    overfit_of: int

    @property
    def sentence(self) -> str:
        """Whether luck explains the best one."""
        alone = self.tally.count == self.ran
        here = f"the best of {self.ran:,}{'' if not alone else ' combination' if self.ran == 1 else ' combinations'}"
        tried = "" if alone else f"; {self.tally.count:,} were tried on these days"
        if not self.traded:
            return f"There is nothing for luck to explain: {here} never traded, and no other earned anything{tried}."
        if self.total_frac <= 0.0:
            return f"There is nothing for luck to explain: {here} {_lost(self.total_frac)}{tried}."
        if self.deflated is None:
            return f"Cannot tell: {self.days} days have no Sharpe ratio, and this is {here}{tried}."
        of = here if alone else f"it is {here}{tried}, and without any skill the best of so many"
        chance = (
            f"{'without any skill ' if alone else ''}{of} is as good with probability {_rare(self.deflated.chance)}"
        )
        if self.verdict is Verdict.BEYOND_LUCK:
            return f"Luck hardly explains the best one: {chance}. It has seen no day it was not chosen on."
        if self.deflated.chance > CHANCE:
            return f"Luck explains the best one: {chance}."
        return f"Cannot tell: {self.days} days are too few (at least {MIN_DAYS} are needed), though {chance}."

    @property
    def caution(self) -> str:
        """What PBO says and does not say, where it and the sentence seem to disagree; "" where they do not."""
        if self.overfit is None:
            return ""
        low = self.overfit.probability < LIKELY
        if low and self.verdict is not Verdict.BEYOND_LUCK:
            return (
                "PBO only ranks these settings against each other: a low one says that the best of some days stayed "
                "among the better on others, not that any of them earns or that its gain is more than luck"
            )
        if not low and self.verdict is Verdict.BEYOND_LUCK:
            return (
                "PBO only ranks these settings against each other: a high one says that the best of some days was no "
                "better than most on others, so choosing among them gained nothing, even if all of them earn"
            )
        return ""


def luck_of_best(best: Best, others: Sequence[Sequence[float]], tally: Tally, new: int, periods: int) -> Luck:
    """others : daily returns of the combinations it was chosen from, itself included; lengths other than that of `best`
    are left out.   periods : per year.
    """
    row = np.array(best.daily)
    sharpe = sharpe_ratio(row, periods) if len(row) else None
    deflated = None
    if sharpe is not None:
        variance = tally.sharpe_variance(len(row))
        deflated = deflated_sharpe(sharpe.moments, tally.count, variance, error=sharpe.daily_error)
    matrix = np.array([each for each in others if len(each) == len(row)]).T
    overfit = _overfit(matrix) if matrix.size else None
    return Luck(
        ran=best.of, traded=best.traded, tally=tally, new=new, days=len(row),
        total_frac=best.total_frac, sharpe=sharpe, deflated=deflated,
        verdict=verdict_on(row, tally, periods), overfit=overfit, overfit_of=matrix.shape[1] if overfit else 0,
    )  # fmt: skip


def _overfit(matrix: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Overfitting | None:
    """None where there is no choice or fewer days than four blocks need."""
    blocks = min(BLOCKS, len(matrix) // MIN_DAYS_PER_BLOCK // 2 * 2)
    if blocks < FEWEST_BLOCKS or matrix.shape[1] < 2:
        return None
    return overfitting(matrix, blocks)


def _lost(total_frac: float) -> str:
    return f"lost {-total_frac:.2%}" if total_frac < 0.0 else "earned nothing"


def _rare(frac: float) -> str:
    if frac > 0.999:
        return "more than 99.9%"
    return f"{frac:.1%}" if frac >= 0.001 else "less than 0.1%"
