"""Choose on every combination of groups of days, judge the other groups: many whole histories instead of one.

Every set of values is run once over each group alone, from flat, with the whole capital: no position, indicator,
loss or latch crosses from a group that teaches into one that judges. For every combination of test groups the values
are chosen by the days of the other groups, less those purged and embargoed, and judged on the test groups; these days
are joined into paths, each covering every day once. Source: López de Prado (2018), chapter 12.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from rung.domain.errors import UserError
from rung.kernels.statistics.growth import compounded, total_return, worst_fall
from rung.lab.campaign import Inline, Outcome, Pool
from rung.lab.choosing import Choice, best, count_look, count_trials
from rung.lab.lead import Lead, lead_over
from rung.lab.outlines import number, outline
from rung.lab.runner import Runner
from rung.lab.splits import CombinatorialPurged, Rows, Split
from rung.lab.statistics.series import Floats
from rung.lab.statistics.sharpe import MIN_DAYS
from rung.lab.statistics.trials import Result, Seen, TrialBook
from rung.lab.statistics.verdict import Honesty, honesty
from rung.lab.subject import Subject, Values, ratio, row_of
from rung.lab.walking import luck_words, side_words, title_of

if TYPE_CHECKING:
    import polars as pl

    from rung.lab.campaign import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossPlan(Choice):
    """How to cross-validate. groups : of days, equal but for the last, which takes what is left over.
    test_groups : of them judge at a time.

    purge_minutes, embargo_days, select, seed, at_ns, out : as in `Choice`; the purge lies before and after every test
    group, the embargo after it.
    """

    groups: int = 6
    test_groups: int = 2

    def __post_init__(self) -> None:
        Choice.__post_init__(self)  # `super()` does not know a class that was made again for its slots
        CombinatorialPurged(folds=self.groups, test_folds=self.test_groups, embargo=self.embargo_days)

    def scheme(self, subject: Subject) -> CombinatorialPurged:
        """The splits of the subject's days. UserError: too few days for the groups, or for choosing."""
        scheme = CombinatorialPurged(
            folds=self.groups,
            test_folds=self.test_groups,
            purge=ceil(self.purge_minutes / subject.session_minutes),
            embargo=self.embargo_days,
        )
        days = len(subject.dates)
        remedy = "lengthen --from … --to, or use fewer --groups"
        if days < self.groups:
            raise UserError(f"{days} days are too few for {self.groups} groups", where="--groups", remedy=remedy)
        least = min(len(split.train) for split in scheme.splits(days))
        if self.select == "sharpe" and least < MIN_DAYS:
            raise UserError(
                f"a combination leaves {least} of {days} days to choose on, too few for a Sharpe ratio: "
                f"{MIN_DAYS} are the least",
                where="--groups",
                remedy="use fewer --test-groups, smaller gaps or --select return",
            )
        return scheme


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One combination. test_groups : counted from 1.   values : chosen on `train_days` days, judged on `test_days`.

    Sharpe ratios are annual, None where they cannot be computed.
    """

    test_groups: tuple[int, ...]
    values: Values
    train_days: int
    test_days: int
    in_sample_frac: float
    in_sample_sharpe: float | None
    out_of_sample_frac: float
    out_of_sample_sharpe: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PathJudged:
    """One whole history. number : from 1.   sharpe : annual, None where it cannot be computed.
    combinations : for each group the number, from 1, of the combination whose choice is judged there.
    """

    number: int
    combinations: tuple[int, ...]
    total_frac: float
    max_drawdown_frac: float
    sharpe: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Of annual Sharpe ratios. known : how many could be computed, of `count`; None of none.
    middle : the median.   below_zero_frac : share of the known ones.
    """

    count: int
    known: int
    low: float | None
    middle: float | None
    high: float | None
    below_zero_frac: float | None

    @classmethod
    def of(cls, ratios: Sequence[float | None]) -> Spread:
        found = np.array([each for each in ratios if each is not None], dtype=np.float64)
        if not len(found):
            return cls(count=len(ratios), known=0, low=None, middle=None, high=None, below_zero_frac=None)
        return cls(
            count=len(ratios),
            known=len(found),
            low=float(found.min()),
            middle=float(np.median(found)),
            high=float(found.max()),
            below_zero_frac=float(np.mean(found < 0.0)),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CrossResult:
    """A finished cross-validation.

    histories : (paths, days) daily returns.   default : (days,) with the default parameters, run by groups as well.
    in_sample : (days,) the mean, over the combinations that trained on a day, of what their choice earned on it; days
    that never taught are left out.   box, lead : of `histories[middle]`.   trials, trials_ever, looks : as in a walk.
    """

    subject: Subject
    plan: CrossPlan
    judged: tuple[Judged, ...]
    paths: tuple[PathJudged, ...]
    histories: Floats
    default: Floats
    in_sample: Floats
    box: Honesty
    lead: Lead
    combinations: int
    trials: int
    trials_ever: int
    looks: int

    @property
    def groups(self) -> tuple[tuple[str, str], ...]:
        """First and last day of each."""
        return _groups(self.plan.scheme(self.subject), self.subject.dates)

    @property
    def middle(self) -> int:
        """Index of the path that is judged: the median by Sharpe ratio, of an even number the lower one."""
        return _middle(self.paths)

    @property
    def inside(self) -> Spread:
        """Of the combinations' ratios on the days they chose on."""
        return Spread.of([each.in_sample_sharpe for each in self.judged])

    @property
    def outside(self) -> Spread:
        """Of the paths' ratios."""
        return Spread.of([each.sharpe for each in self.paths])

    @property
    def frame(self) -> pl.DataFrame:
        """A row per combination: number, test groups, the values chosen, days, totals and Sharpe ratios."""
        import polars as pl

        names = [name for name in Judged.__slots__ if name not in ("values", "test_groups")]
        return pl.DataFrame(
            [
                {"combination": number, "test_groups": list(each.test_groups), **each.values}
                | {name: getattr(each, name) for name in names}
                for number, each in enumerate(self.judged, 1)
            ],
            infer_schema_length=None,
        )

    @property
    def path_frame(self) -> pl.DataFrame:
        """A row per day: date, the default's return, and a column of returns for every path."""
        import polars as pl

        columns = {f"path_{path.number}": row for path, row in zip(self.paths, self.histories, strict=True)}
        return pl.DataFrame({"date": list(self.subject.dates), "default": self.default, **columns})

    @property
    def honesty(self) -> str:
        """Whether luck explains the median path, and whether choosing beat the default."""
        return luck_words(self.subject, self.box, self.lead)

    def __repr__(self) -> str:
        """A few lines; everything is in the frames, `paths`, `box` and `lead`."""
        spread = self.outside
        facts = (
            ("tried", f"{self.combinations:,} sets of values, {len(self.judged):,} combinations of groups"),
            ("in", side_words(self.box.in_sample)),
            ("out", f"{side_words(self.box.out_of_sample)}: the median path of {len(self.paths)}"),
            ("paths", f"Sharpe {number(spread.low)} to {number(spread.high)}"),
            ("honesty", self.honesty),
        )
        frames = {"frame": self.frame, "path_frame": self.path_frame}
        return outline(f"CrossResult: {title_of(self.subject)}", facts, frames)


def cross_validate(
    subject: Subject,
    grid: Sequence[Values],
    plan: CrossPlan,
    book: TrialBook,
    pool: Pool | None = None,
    progress: Progress = lambda done, total: None,
) -> CrossResult:
    """Cross-validate the choice of a set of values. The same request gives the same result, whatever the pool.

    Raises UserError: an empty grid, too few days, whatever a run raises.
    """
    scheme, seen, year = plan.scheme(subject), _in_groups(subject), subject.periods_per_year
    trials = count_trials(subject, grid, seen, plan.at_ns, book)
    runner = Runner(subject, pool or Inline(), plan.out, progress)
    *rows, default = _rows(runner, [*grid, {}], _groups(scheme, subject.dates), subject.dates)
    book.report([(trial, _shown(row, year)) for trial, row in zip(trials, rows, strict=True)])
    look = count_look(subject, _rule(grid, plan), seen, plan.at_ns, book)
    tally = book.tally(subject.name, [seen], but={look.trial_id})
    looks = book.tally(subject.name, [seen], but={trial.trial_id for trial in trials})
    splits, matrix = list(scheme.splits(len(subject.dates))), np.array(rows)
    picks = [best(matrix[:, split.train], plan.select) for split in splits]
    picked = list(zip(picks, splits, strict=True))
    histories = scheme.rebuild(len(subject.dates), [matrix[pick, split.test] for pick, split in picked])
    paths, inside = _paths(histories, scheme.path_splits(), year), _each_day_once(matrix, picked)
    outside, chance = histories[_middle(paths)], np.random.default_rng(plan.seed)
    return CrossResult(
        subject=subject,
        plan=plan,
        judged=tuple(
            _judged(chosen, grid[pick], matrix[pick], split, year)
            for chosen, (pick, split) in zip(scheme.choices(), picked, strict=True)
        ),
        paths=paths,
        histories=histories,
        default=default,
        in_sample=inside,
        box=honesty(inside, outside, tally, looks, year, chance),
        lead=lead_over(outside, default, chance),
        combinations=len(grid),
        trials=tally.count,
        trials_ever=book.tally(subject.name).count,
        looks=looks.count,
    )


def _shown(row: Floats, year: int) -> Result:
    return Result(sharpe=ratio(row, year), days=len(row))


def _groups(scheme: CombinatorialPurged, dates: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((dates[first], dates[end - 1]) for first, end in pairwise(scheme.bounds(len(dates))))


def _in_groups(subject: Subject) -> Seen:
    """All days, under a name of their own: a run by groups is another try than a run in one go, and whoever swept
    these days before has looked at them."""
    seen = subject.seen(subject.dates[0], subject.dates[-1])
    return replace(seen, tape_id=hashlib.sha256(f"in groups {seen.tape_id}".encode("ascii")).hexdigest())


def _rows(
    runner: Runner, sets: Sequence[Values], groups: Sequence[tuple[str, str]], dates: Sequence[str]
) -> list[Floats]:
    """(days,) daily returns of every set, every group run by itself."""
    outcomes = runner.run([(values, group) for values in sets for group in groups])
    found = []
    for n in range(0, len(outcomes), len(groups)):
        run: list[Outcome] = outcomes[n : n + len(groups)]
        if [date for each in run for date in each["dates"]] != list(dates):
            raise RuntimeError("the runs of the groups do not cover the days of the subject")
        found.append(np.concatenate([row_of(each) for each in run]))
    return found


def _paths(histories: Floats, made_by: Rows, year: int) -> tuple[PathJudged, ...]:
    return tuple(
        PathJudged(
            number=number,
            combinations=tuple(int(split) + 1 for split in splits),
            total_frac=total_return(row),
            max_drawdown_frac=worst_fall(compounded(row), 1.0),
            sharpe=_annual(row, year),
        )
        for number, (row, splits) in enumerate(zip(histories, made_by, strict=True), 1)
    )


def _judged(chosen: tuple[int, ...], values: Values, row: Floats, split: Split, year: int) -> Judged:
    inside, outside = row[split.train], row[split.test]
    return Judged(
        test_groups=tuple(group + 1 for group in chosen),
        values=values,
        train_days=len(inside),
        test_days=len(outside),
        in_sample_frac=total_return(inside),
        in_sample_sharpe=_annual(inside, year),
        out_of_sample_frac=total_return(outside),
        out_of_sample_sharpe=_annual(outside, year),
    )


def _annual(row: Floats, year: int) -> float | None:
    measured = ratio(row, year)
    return None if measured is None else measured * year**0.5


def _middle(paths: Sequence[PathJudged]) -> int:
    """Index of the lower median; a path on which nothing happened has a ratio of zero."""
    order = sorted(range(len(paths)), key=lambda n: paths[n].sharpe or 0.0)
    return order[(len(paths) - 1) // 2]


def _each_day_once(rows: Floats, picked: Sequence[tuple[int, Split]]) -> Floats:
    earned, taught = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    for pick, split in picked:
        earned[split.train] += rows[pick, split.train]
        taught[split.train] += 1.0
    return earned[taught > 0.0] / taught[taught > 0.0]


def _rule(grid: Sequence[Values], plan: CrossPlan) -> dict[str, object]:
    """What makes another look of it: another grid, other groups or gaps."""
    return {
        "cross_validation": [dict(values) for values in grid],
        "groups": plan.groups,
        "test_groups": plan.test_groups,
        **plan.rule,
    }
