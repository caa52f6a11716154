"""The honesty box of a backtest: the lab's verdict, side by side, in the words a sheet shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rung.apps.backtest_figures import figure, sharpe_figure, too_few_words
from rung.domain.errors import UserError
from rung.lab.result import BacktestResult
from rung.lab.statistics.bootstrap import MIN_VALUES
from rung.lab.statistics.trials import Tally
from rung.lab.statistics.verdict import Honesty, Side, Verdict, honesty
from rung.reports.sheet.content import Box, Figure, Kind

SEED = 0
TONES: Mapping[Verdict, Literal["good", "warn", "bad"]] = {
    Verdict.BEYOND_LUCK: "good",
    Verdict.CANNOT_TELL: "warn",
    Verdict.WITHIN_LUCK: "bad",
    Verdict.LOSES: "bad",
}
NO_SHARPE = "there is no Sharpe ratio"
ONE_RUN = "This is one run of one parameter set on days you had before you chose it: everything here is in sample."


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfSample:
    """Days nobody chose on. returns_frac : (n,) daily, after costs.   looks : trials that looked at these days."""

    returns_frac: NDArray[np.float64]
    looks: Tally


def honesty_box(result: BacktestResult, after: OutOfSample | None = None) -> Box:
    """Judge a run. Without `after` it is said plainly that all of it is in sample, and there is no verdict to give.

    The bootstrap is seeded: the same run, the same box. Without the extra `lab` the box says so instead of judging.
    """
    tried = "" if result.tried is None else result.tried.words
    chosen_on = result.daily["return_frac"].to_numpy()
    tally = Tally(count=1, counted=False) if result.tried is None else result.tried.tally
    outside = after or OutOfSample(returns_frac=np.zeros(0), looks=Tally(count=1))
    try:
        judged = honesty(
            chosen_on, outside.returns_frac, tally, outside.looks, result.identity.periods_per_year,
            np.random.default_rng(SEED),
        )  # fmt: skip
    except UserError as error:
        return Box(
            verdict=f"not judged: {error.what}", tone="warn", sentences=(str(error),), in_sample=(), out_of_sample=(),
            tried=tried,
        )  # fmt: skip
    sentences = judged.sentences if after is not None else (ONE_RUN, *judged.sentences)
    return Box(
        verdict=judged.verdict.value if after is not None else "in sample only: no verdict",
        tone="warn" if after is None else TONES[judged.verdict],
        sentences=sentences,
        in_sample=_side(judged, judged.in_sample, "no day has a return"),
        out_of_sample=_side(judged, judged.out_of_sample, "nothing was kept out of sample"),
        tried=tried,
    )


def _side(judged: Honesty, side: Side, empty: str) -> tuple[Figure, ...]:
    none = "" if side.days else empty
    few = none or too_few_words(side.days, MIN_VALUES)
    ratio, deflated = side.sharpe, side.deflated
    annual, error = (None, None) if ratio is None else (ratio.annual, ratio.annual_error)
    sharpe = sharpe_figure(annual, error, side.days)
    unsaid = none or sharpe.missing or NO_SHARPE
    never = "no number of days puts a ratio beyond luck that is not above zero" if ratio is not None else unsaid
    span = side.total_interval
    return (
        figure("days", "Days", side.days if side.days else None, Kind.COUNT, "", none),
        figure("total_return_frac", "Return", side.total_frac if side.days else None, Kind.CHANGE, "", none),
        figure("total_low_frac", "Return, 95%: from", None if span is None else span.low, Kind.CHANGE, "", few),
        figure("total_high_frac", "Return, 95%: to", None if span is None else span.high, Kind.CHANGE, "", few),
        figure("max_drawdown_frac", "Drawdown, days' ends", -side.max_drawdown_frac + 0.0 if side.days else None,
               Kind.CHANGE, "", none),
        sharpe if not none else figure("sharpe", "Sharpe", None, Kind.RATIO, "", none),
        figure("psr", "Chance it is above zero", side.psr, Kind.SHARE, "", unsaid),
        figure("chance", "Luck does as well", None if deflated is None else deflated.chance, Kind.SHARE, "", unsaid),
        figure("trials", "Configurations tried", None if deflated is None else deflated.trials, Kind.COUNT, "", unsaid),
        figure("needed_days", "Days to be beyond luck", side.needed_days, Kind.COUNT, "", none or never),
    )  # fmt: skip
