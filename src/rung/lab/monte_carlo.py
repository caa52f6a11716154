"""What else could have come of the same choices: other orders of days and trades, dearer, slower, begun later."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rung.lab.statistics.bootstrap import MIN_VALUES, Quantiles, futures
from rung.lab.statistics.series import Floats
from rung.lab.statistics.stress import Point, cost_stress, delay_stress, start_jitter
from rung.lab.subject import AS_ASSUMED, Conditions, Subject

MULTIPLES = (1.0, 2.0, 3.0)
DELAYS_BARS = (0, 1)
STARTS = 8
Under = Callable[[Sequence[Conditions]], list[Floats]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. total_frac : of the whole walk, the middle one where there are many.
    low, high : one case in twenty is below, one above; None for a single run.   loss : share of the cases that lost.
    sharpe : annual; None for resamples and where it cannot be computed.
    """

    name: str
    total_frac: float
    low: float | None = None
    high: float | None = None
    loss: float | None = None
    sharpe: float | None = None
    remark: str = ""


def monte_carlo(
    daily: Floats, trades: Floats, under: Under, subject: Subject, chance: np.random.Generator
) -> tuple[Row, ...]:
    """The table. daily, trades : of the stitched days.   under : the same runs again under other conditions.

    The runs are done in one go, so that a pool is kept busy.
    """
    bars = max(2, round(subject.session_minutes / subject.interval_minutes))
    starts, seed = min(STARTS, bars - 1), chance.integers(2**63)
    year = subject.periods_per_year
    wanted = [Conditions(cost_multiple=multiple) for multiple in MULTIPLES]
    wanted += [Conditions(delay_bars=delay) for delay in DELAYS_BARS]
    wanted += [Conditions(skip_bars=skip) for skip in _starts(starts, bars - 1, int(seed))]
    wanted = list(dict.fromkeys(wanted))
    known = dict(zip(wanted, under(wanted), strict=True))
    costs = cost_stress(lambda multiple: known[Conditions(cost_multiple=multiple)], year, MULTIPLES)
    delays = delay_stress(lambda delay: known[Conditions(delay_bars=delay)], year, DELAYS_BARS)
    jitter = start_jitter(
        lambda skip: known[Conditions(skip_bars=skip)] if skip else known[AS_ASSUMED],
        year, np.random.default_rng(int(seed)), starts=starts, within_bars=bars - 1,
    )  # fmt: skip
    even = "" if costs.break_even is None else f"nothing is left at × {costs.break_even:.2f}"
    middle = jitter.total_frac
    return (
        _single("as walked", costs.points[0]),
        *_dealt("days", daily, chance),
        *_dealt("trades", trades, chance),
        *(_single(f"costs × {point.setting:g}", point, even) for point in costs.points[1:]),
        *(_single(f"orders {point.setting:g} bar later", point) for point in delays.points[1:]),
        _many(f"begun up to a session later ({starts} starts)", middle, jitter.loss),
    )


def _starts(starts: int, within_bars: int, seed: int) -> list[int]:
    """The starts that `start_jitter` will ask for with this seed."""
    asked: list[int] = []

    def note(skip: int) -> Floats:
        asked.append(skip)
        return np.zeros(1)

    start_jitter(note, 1, np.random.default_rng(seed), starts=starts, within_bars=within_bars)
    return asked


def _dealt(what: str, values: Floats, chance: np.random.Generator) -> tuple[Row, ...]:
    if len(values) < MIN_VALUES:
        return ()
    dealt = futures(values, chance)
    name = f"{len(values):,} {what} dealt anew"
    return (_many(name, dealt.total_frac, dealt.loss, f"{dealt.resamples:,} times, blocks of {dealt.block}"),)


def _many(name: str, totals: Quantiles, loss: float, remark: str = "") -> Row:
    return Row(name=name, total_frac=totals.middle, low=totals.low, high=totals.high, loss=loss, remark=remark)


def _single(name: str, point: Point, remark: str = "") -> Row:
    return Row(name=name, total_frac=point.total_frac, sharpe=point.sharpe, remark=remark)
