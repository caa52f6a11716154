"""Choose on past days, trade the following ones with what was chosen, step on: what choosing is worth.

Every window's parameters are chosen on its training days alone, by backtests through the real desk. They are then run
on days nobody chose on, each window starting flat with the whole capital, and these days are stitched together.
Source: Pardo (1992); López de Prado (2018), chapter 11.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from rung.domain.errors import UserError
from rung.kernels.statistics.growth import total_return
from rung.lab.campaign import Inline, Outcome, Pool
from rung.lab.choosing import Choice, best, count_look, count_trials
from rung.lab.lead import Lead, lead_over
from rung.lab.monte_carlo import Row, monte_carlo
from rung.lab.outlines import number, outline, percent
from rung.lab.runner import Runner
from rung.lab.splits import WalkForward
from rung.lab.statistics.series import Floats
from rung.lab.statistics.sharpe import MIN_DAYS
from rung.lab.statistics.trials import Result, Seen, Trial, TrialBook
from rung.lab.statistics.verdict import Honesty, Side, honesty
from rung.lab.subject import Subject, Values, joined, ratio, row_of

if TYPE_CHECKING:
    import polars as pl

    from rung.lab.campaign import Progress

Days = tuple[str, str]
DAY_COLUMNS = ("train_from", "train_to", "test_from", "test_to")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Choice):
    """How to walk. train_days, test_days : of every window.   anchored : training always begins with the first day.

    purge_minutes, embargo_days, select, seed, at_ns, out : as in `Choice`; the gaps lie at the end of training.
    """

    train_days: int = 20
    test_days: int = 5
    anchored: bool = False

    def __post_init__(self) -> None:
        Choice.__post_init__(self)  # `super()` does not know a class that was made again for its slots
        if self.select == "sharpe" and self.train_days < MIN_DAYS:
            raise UserError(
                f"{self.train_days} days have no Sharpe ratio: {MIN_DAYS} are the least",
                where="--train-days",
                remedy="train longer, or --select return",
            )

    def walk(self, subject: Subject) -> WalkForward:
        """The windows, in days of `subject`. UserError: fewer than one day of either, a negative gap."""
        return WalkForward(
            train=self.train_days,
            test=self.test_days,
            anchored=self.anchored,
            purge=ceil(self.purge_minutes / subject.session_minutes),
            embargo=self.embargo_days,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """One step of the walk: first and last day of both parts. `train_rows`, `test_rows` count in subject.dates."""

    train: Days
    test: Days
    train_rows: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What one window chose, and what came of it. Sharpe ratios are annual, None where they cannot be computed."""

    window: Window
    values: Values
    in_sample_frac: float
    in_sample_sharpe: float | None
    out_of_sample_frac: float
    out_of_sample_sharpe: float | None
    trades: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WalkForwardResult:
    """A finished walk.

    in_sample : each training day once, the mean of what the choices that trained on it earned on it.
    out_of_sample, default : daily returns of the stitched test days, as chosen and with the default parameters.
    trials : counted by the book on any of the training days, whoever tried them.   trials_ever : of this strategy
    anywhere.   looks : trials on any of the test days; of this walk's own runs only the walk as a whole.
    """

    subject: Subject
    plan: Plan
    chosen: tuple[Chosen, ...]
    dates: tuple[str, ...]
    in_sample: Floats
    out_of_sample: Floats
    default: Floats
    trades: Floats
    box: Honesty
    lead: Lead
    monte_carlo: tuple[Row, ...]
    combinations: int
    trials: int
    trials_ever: int
    looks: int

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Days after the last window: too few for another test, so nothing was run on them."""
        return tuple(date for date in self.subject.dates if date > self.dates[-1])

    @property
    def windows(self) -> pl.DataFrame:
        """A row per window: its days, the values chosen, returns and annual Sharpe ratios of both parts, trades."""
        import polars as pl

        figures = [name for name in Chosen.__slots__ if name not in ("window", "values")]
        rows = [
            {"window": at, **dict(zip(DAY_COLUMNS, (*each.window.train, *each.window.test), strict=True))}
            | {**each.values, **{name: getattr(each, name) for name in figures}}
            for at, each in enumerate(self.chosen, 1)
        ]
        return pl.DataFrame(rows, infer_schema_length=None)

    @property
    def days(self) -> pl.DataFrame:
        """A row per out-of-sample day: date, return_frac as chosen, default_frac with the default parameters."""
        import polars as pl

        return pl.DataFrame({"date": list(self.dates), "return_frac": self.out_of_sample, "default_frac": self.default})

    @property
    def cases(self) -> pl.DataFrame:
        """What else could have come of the same choices: a row per case, columns as in `monte_carlo.Row`."""
        import polars as pl

        return pl.DataFrame([asdict(row) for row in self.monte_carlo], infer_schema_length=None)

    @property
    def honesty(self) -> str:
        """Whether luck explains what came out of sample, and whether choosing beat the default."""
        return luck_words(self.subject, self.box, self.lead)

    def __repr__(self) -> str:
        """A few lines; everything is in the frames, `box` and `lead`."""
        inside, outside = self.box.in_sample, self.box.out_of_sample
        tried = (
            f"{self.combinations:,} combinations, {len(self.chosen)} windows; the book counts {self.trials:,} trials"
        )
        facts = (
            ("tried", f"{tried} on the days of choosing, {self.looks:,} look(s) at the days after"),
            ("in", side_words(inside)),
            ("out", side_words(outside)),
            ("honesty", self.honesty),
        )
        frames = {"windows": self.windows, "days": self.days, "cases": self.cases}
        return outline(f"WalkForwardResult: {title_of(self.subject)}", facts, frames)


def luck_words(subject: Subject, box: Honesty, lead: Lead) -> str:
    """The sentences of the box and of the lead, after the word about an invented market if it is one."""
    invented = ("An invented market is no evidence of anything.",) if subject.synthetic else ()
    return " ".join((*invented, *box.sentences, lead.sentence))


def side_words(side: Side) -> str:
    """Total, Sharpe ratio and days of one side of the box."""
    sharpe = None if side.sharpe is None else side.sharpe.annual
    return f"{percent(side.total_frac)}, Sharpe {number(sharpe)}, {side.days} days"


def title_of(subject: Subject) -> str:
    """`crossover on BTCUSDT, 2025-05-04 to 2025-06-24`."""
    return f"{subject.name} on {' '.join(subject.symbols)}, {subject.dates[0]} to {subject.dates[-1]}"


def windows(subject: Subject, plan: Plan) -> tuple[Window, ...]:
    """Every step of the walk. UserError: the period is too short for one, with the days it needs."""
    walk, dates = plan.walk(subject), subject.dates
    if walk.count(len(dates)) == 0:
        gap = walk.purge + walk.embargo
        needs = walk.train + gap + walk.test
        raise UserError(
            f"{len(dates)} days are too short for one window: {needs} are needed "
            f"({walk.train} to train, {gap} left out, {walk.test} to test)",
            where="walk-forward",
            remedy="lengthen --from … --to, or shorten --train-days or --test-days",
        )
    found = []
    for split in walk.splits(len(dates)):
        first, last = int(split.train[0]), int(split.train[-1])
        found.append(
            Window(
                train=(dates[first], dates[last]),
                test=(dates[int(split.test[0])], dates[int(split.test[-1])]),
                train_rows=(first, last + 1),
            )
        )
    return tuple(found)


def walk_forward_of(
    subject: Subject,
    grid: Sequence[Values],
    plan: Plan,
    book: TrialBook,
    pool: Pool | None = None,
    progress: Progress = lambda done, total: None,
) -> WalkForwardResult:
    """Walk a subject over its days. The same request gives the same result, whatever the pool.

    Raises UserError: an empty grid, a period too short for one window, whatever a run raises.
    """
    steps, year = windows(subject, plan), subject.periods_per_year
    trials = count_trials(subject, grid, _trained_on(subject, steps), plan.at_ns, book)
    runner = Runner(subject, pool or Inline(), plan.out, progress)
    trained = runner.run([(values, step.train) for step in steps for values in grid])
    table = [trained[n : n + len(grid)] for n in range(0, len(trained), len(grid))]
    picked = [best([row_of(each) for each in rows], plan.select) for rows in table]
    book.report(_shown(subject, steps, table, trials))
    kept = [rows[pick] for rows, pick in zip(table, picked, strict=True)]
    runs = [(grid[pick], step.test) for pick, step in zip(picked, steps, strict=True)]
    tested, usual = runner.run(runs), runner.run([({}, step.test) for step in steps])
    look = _count_look(subject, grid, plan, steps, book)
    outside, default, traded = joined(tested), joined(usual), joined(tested, "trades")
    inside, chance = _each_day_once(steps, kept), np.random.default_rng(plan.seed)
    tally = book.tally(subject.name, [_trained_on(subject, steps)], but={look.trial_id})
    looks = book.tally(subject.name, [_tested_on(subject, steps)], but={trial.trial_id for trial in trials})
    return WalkForwardResult(
        subject=subject,
        plan=plan,
        chosen=tuple(_chosen(*each, year) for each in zip(steps, (v for v, _ in runs), kept, tested, strict=True)),
        dates=tuple(date for outcome in tested for date in outcome["dates"]),
        in_sample=inside,
        out_of_sample=outside,
        default=default,
        trades=traded,
        box=honesty(inside, outside, tally, looks, year, chance),
        lead=lead_over(outside, default, chance),
        monte_carlo=monte_carlo(outside, traded, runner.conditions(runs), subject, chance),
        combinations=len(grid),
        trials=tally.count,
        trials_ever=book.tally(subject.name).count,
        looks=looks.count,
    )


def _chosen(window: Window, values: Values, trained: Outcome, tested: Outcome, year: int) -> Chosen:
    inside, outside = row_of(trained), row_of(tested)
    first, then = ratio(inside, year), ratio(outside, year)
    return Chosen(
        window=window,
        values=values,
        in_sample_frac=total_return(inside),
        in_sample_sharpe=None if first is None else first * year**0.5,
        out_of_sample_frac=total_return(outside),
        out_of_sample_sharpe=None if then is None else then * year**0.5,
        trades=len(tested["trades"]),
    )


def _each_day_once(steps: Sequence[Window], outcomes: Sequence[Outcome]) -> Floats:
    """(days,) the mean over the windows that trained on a day of what they earned on it."""
    days: dict[str, list[float]] = {}
    for _, outcome in zip(steps, outcomes, strict=True):
        for date, earned in zip(outcome["dates"], outcome["returns"], strict=True):
            days.setdefault(date, []).append(earned)
    return np.array([float(np.mean(days[date])) for date in sorted(days)])


def _trained_on(subject: Subject, steps: Sequence[Window]) -> Seen:
    return subject.seen(steps[0].train[0], steps[-1].train[1])


def _tested_on(subject: Subject, steps: Sequence[Window]) -> Seen:
    return subject.seen(steps[0].test[0], steps[-1].test[1])


def _shown(
    subject: Subject, steps: Sequence[Window], table: Sequence[Sequence[Outcome]], trials: Sequence[Trial]
) -> list[tuple[Trial, Result]]:
    shown = []
    for n, trial in enumerate(trials):
        row = _each_day_once(steps, [rows[n] for rows in table])
        shown.append((trial, Result(sharpe=ratio(row, subject.periods_per_year), days=len(row))))
    return shown


def _count_look(
    subject: Subject, grid: Sequence[Values], plan: Plan, steps: Sequence[Window], book: TrialBook
) -> Trial:
    """A walk looks at its test days once; another grid or other windows on the same days look again."""
    rule = {
        "walk": [dict(values) for values in grid],
        "train_days": plan.train_days,
        "test_days": plan.test_days,
        "anchored": plan.anchored,
        **plan.rule,
    }
    return count_look(subject, rule, _tested_on(subject, steps), plan.at_ns, book)
