"""Search parameters on some days, judge the winner once on days the search never saw.

The search is optuna's (ask and tell, extra `lab`); every set of values is scored by its Sharpe ratio over the test
days of walk-forward folds inside the days of tuning. The held-out tail is run after the search has ended, never before.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rung.domain.errors import UserError
from rung.lab.campaign import Pool, Progress
from rung.lab.grids import Axes
from rung.lab.lead import Lead, lead_over
from rung.lab.runner import Runner
from rung.lab.splits import WalkForward
from rung.lab.statistics.extra import extra_lab, require_lab
from rung.lab.statistics.series import Floats
from rung.lab.statistics.sharpe import MIN_DAYS
from rung.lab.statistics.trials import Result, Seen, Trial, TrialBook
from rung.lab.statistics.verdict import Honesty, honesty
from rung.lab.subject import Subject, Values, joined, ratio, row_of

if TYPE_CHECKING:
    from optuna.study import Study

STUDY_FILE = "study.jsonl"
BATCH = 4
"""Sets asked for before any is told: as many can run at once, and the result does not hang on how many did."""
FIRST_BY_CHANCE = 10
Days = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TunePlan:
    """How to search. trials : sets of values to ask for, fewer when the grid is exhausted.   train_days, test_days : of
    the folds; a set has nothing to learn, so the former only keep the folds apart, and every fold begins with cold
    indicators.   holdout_days : the tail that is never shown to the search.   out : folder of the study and of finished
    runs; the same call again goes on where it was.
    """

    trials: int = 40
    train_days: int = 5
    test_days: int = 5
    holdout_days: int = 20
    embargo_days: int = 0
    seed: int = 7
    at_ns: int = 0
    out: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One set of values in the order it was asked. sharpe : annual, of the folds' test days."""

    number: int
    values: Values
    sharpe: float | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TuneResult:
    """A finished search. tried : different sets, in the order first asked.   asked : how many were asked for; one that
    was known is neither run nor counted again.   every : whether the grid holds no other.   in_sample : daily returns
    of the winner on the folds' test days, on which it was chosen.   out_of_sample, default : on the held-out days.
    trials : counted on the days of tuning.   looks : at the held-out.
    """

    subject: Subject
    plan: TunePlan
    folds: tuple[Days, ...]
    holdout: Days
    tried: tuple[Tried, ...]
    asked: int
    every: bool
    winner: Tried
    default_sharpe: float | None
    dates: tuple[str, ...]
    in_sample: Floats
    out_of_sample: Floats
    default: Floats
    box: Honesty
    lead: Lead
    trials: int
    looks: int

    @property
    def unjudged(self) -> tuple[str, ...]:
        """Days between the last fold and those held out: too few for another fold, or the embargo."""
        return tuple(date for date in self.subject.dates if self.folds[-1][1] < date < self.holdout[0])


def parts(subject: Subject, plan: TunePlan) -> tuple[tuple[Days, ...], Days]:
    """The folds' test days, and the held-out days. UserError: too few days, with how many are needed."""
    dates = subject.dates
    if plan.holdout_days < 1 or plan.trials < 1:
        raise UserError("a trial and a day held out are the least", where="--trials, --holdout-days")
    search = len(dates) - plan.holdout_days - plan.embargo_days
    walk = WalkForward(train=plan.train_days, test=plan.test_days, embargo=plan.embargo_days)
    if search <= 0 or walk.count(search) == 0:
        least = plan.train_days + plan.test_days + 2 * plan.embargo_days
        raise UserError(
            f"{len(dates)} days are too few: {least + plan.holdout_days} are needed "
            f"({least} for one fold, {plan.holdout_days} held out)",
            where="tune",
            remedy="lengthen the period, or shorten --train-days, --test-days or --holdout-days",
        )
    if walk.count(search) * plan.test_days < MIN_DAYS:
        raise UserError(
            f"the folds have fewer than {MIN_DAYS} days: no Sharpe ratio to search by", where="tune",
            remedy="lengthen the period or --test-days",
        )  # fmt: skip
    folds = tuple((dates[int(s.test[0])], dates[int(s.test[-1])]) for s in walk.splits(search))
    return folds, (dates[-plan.holdout_days], dates[-1])


def tune(
    subject: Subject,
    axes: Axes,
    plan: TunePlan,
    book: TrialBook,
    pool: Pool,
    progress: Progress = lambda done, total: None,
) -> TuneResult:
    """Search, then judge. The same request gives the same result, whatever the pool, interrupted or not.

    axes : the values each parameter may take, in an order that means something.   Raises UserError: nothing to search,
    too few days, optuna missing, a folder with another search in it, whatever a run raises.
    """
    require_lab("arch", "optuna")
    _refuse_nothing(axes)
    folds, holdout = parts(subject, plan)
    search = _Search(subject, axes, plan, folds, book)
    runner = Runner(subject, pool, plan.out, lambda done, total: None)
    search.run(runner, progress)
    tried = search.tried()
    winner = max(tried, key=lambda each: (each.sharpe or 0.0, -each.number))
    inside = [runner.run([(values, fold) for fold in folds]) for values in (winner.values, {})]
    kept, usual = runner.run([(winner.values, holdout), ({}, holdout)])
    search.count_look(holdout)
    chance, year = np.random.default_rng(plan.seed), subject.periods_per_year
    tally, looks = (book.tally(subject.name, [seen]) for seen in (search.seen, subject.seen(*holdout)))
    first, then, default = joined(inside[0]), row_of(kept), row_of(usual)
    return TuneResult(
        subject=subject, plan=plan, folds=folds, holdout=holdout,
        tried=tuple(tried), asked=search.asked, every=len(tried) == search.sets, winner=winner,
        default_sharpe=_annual(joined(inside[1]), year), dates=tuple(kept["dates"]),
        in_sample=first, out_of_sample=then, default=default,
        box=honesty(first, then, tally, looks, year, chance), lead=lead_over(then, default, chance),
        trials=tally.count, looks=looks.count,
    )  # fmt: skip


def _refuse_nothing(axes: Axes) -> None:
    if not axes:
        raise UserError("an empty grid: nothing to search", where="--grid", remedy="name a parameter")


def _annual(row: Floats, periods_per_year: int) -> float | None:
    measured = ratio(row, periods_per_year)
    return None if measured is None else measured * periods_per_year**0.5


class _Search:
    """One study in a file. Each trial's sampler is seeded by the trial's number, so that a study that was broken off
    asks what it would have asked.
    """

    def __init__(self, subject: Subject, axes: Axes, plan: TunePlan, folds: Sequence[Days], book: TrialBook) -> None:
        self._subject, self._axes, self._plan, self._folds, self._book = subject, axes, plan, folds, book
        self.seen = subject.seen(folds[0][0], folds[-1][1])
        self.sets = prod(len(axis) for axis in axes.values())
        self._study = _study(plan.out, self._identity())

    @property
    def asked(self) -> int:
        """Sets that were asked for and told, repeated ones each time."""
        return sum(trial.value is not None for trial in self._study.get_trials(deepcopy=False))

    def run(self, runner: Runner, progress: Progress) -> None:
        """Ask for a batch, run it, tell; until there are as many trials as planned, or no set is left to try.

        A set that was asked for before is told what the runner kept of it.

        What an earlier call of the search tried is counted again, should the book have lost it.
        """
        total = self._plan.trials
        self._book.record([self._trial(each.values) for each in self.tried()])
        while True:
            batch = self._waiting() or self._asked()
            progress(len(self._study.trials) - len(batch), total)
            if not batch:
                return
            trials = [self._trial(self._values(params)) for _, params in batch]
            self._book.record(trials)
            runs = [(self._values(params), fold) for _, params in batch for fold in self._folds]
            outcomes = runner.run(runs)
            size = len(self._folds)
            for n, (number, _) in enumerate(batch):
                row = joined(outcomes[n * size : (n + 1) * size])
                measured = ratio(row, self._subject.periods_per_year)
                self._book.report([(trials[n], Result(sharpe=measured, days=len(row)))])
                self._study.tell(number, measured or 0.0)

    def tried(self) -> list[Tried]:
        """Every set once, in the order first asked. A set that never traded has no ratio; the search is told 0."""
        year, found = self._subject.periods_per_year**0.5, dict[tuple[Any, ...], Tried]()
        for trial in self._study.get_trials(deepcopy=False):
            if trial.value is not None:
                values = self._values(trial.params)
                sharpe = None if not trial.value else trial.value * year
                found.setdefault(tuple(values.values()), Tried(number=trial.number, values=values, sharpe=sharpe))
        return list(found.values())

    def count_look(self, holdout: Days) -> None:
        """The held-out days are looked at once by this search; another search on them looks again."""
        rule = {"tune": self._identity(), "trials": self._plan.trials}
        self._book.record([self._trial(rule, self._subject.seen(*holdout))])

    def _trial(self, values: Mapping[str, Any], seen: Seen | None = None) -> Trial:
        params = values if seen else {**self._subject.defaults, **values}
        return Trial(
            strategy=self._subject.name, code_id=self._subject.code_id, params=params,
            seen=seen or self.seen, at_ns=self._plan.at_ns,
        )  # fmt: skip

    def _identity(self) -> dict[str, Any]:
        """What makes another search: nothing of it may differ when a study goes on."""
        return {
            "fixed": dict(self._subject.fixed),
            "defaults": dict(self._subject.defaults),
            "axes": {name: list(axis) for name, axis in self._axes.items()},
            "folds": [list(fold) for fold in self._folds],
            "seed": self._plan.seed,
        }

    def _values(self, params: Mapping[str, Any]) -> Values:
        return {name: axis[params[name]] for name, axis in self._axes.items()}

    def _waiting(self) -> list[tuple[int, Mapping[str, Any]]]:
        """Trials that were asked for and never told: of a search that was broken off. One without all values failed."""
        from optuna.trial import TrialState

        left = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        for trial in left:
            if set(trial.params) != set(self._axes):
                self._study.tell(trial.number, state=TrialState.FAIL)
        return [(trial.number, trial.params) for trial in left if set(trial.params) == set(self._axes)]

    def _asked(self) -> list[tuple[int, Mapping[str, Any]]]:
        from optuna.distributions import BaseDistribution, IntDistribution

        space: dict[str, BaseDistribution] = {
            name: IntDistribution(0, len(axis) - 1) for name, axis in self._axes.items()
        }
        batch: list[tuple[int, Mapping[str, Any]]] = []
        known = {tuple(each.values.items()) for each in self.tried()}
        while len(self._study.trials) < self._plan.trials and len(batch) < BATCH and len(known) < self.sets:
            self._study.sampler = _sampler(self._plan.seed, len(self._study.trials))
            trial = self._study.ask(space)
            batch.append((trial.number, trial.params))
            known.add(tuple(self._values(trial.params).items()))
        return batch


def _sampler(seed: int, number: int) -> Any:
    """Tree-structured Parzen estimator; the first sets by chance. Source: Bergstra et al. (2011)."""
    from optuna.samplers import TPESampler

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it calls experimental is pinned by the tests
        return TPESampler(seed=seed * 1_000_003 + number, n_startup_trials=FIRST_BY_CHANCE, multivariate=True)


def _study(out: Path, identity: Mapping[str, Any]) -> Study:
    """The study in `out`, new or as it was left. UserError: optuna is missing, the folder holds another search."""
    with extra_lab("tuning needs the library optuna"):
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

    from rung.config.identity import content_id

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path, name = out / STUDY_FILE, content_id(identity)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        storage = JournalStorage(JournalFileBackend(str(path)))
    others = [study.study_name for study in storage.get_all_studies()]
    if others and name not in others:
        raise UserError("holds another search", where=str(path), remedy="give each search its own --out")
    return optuna.create_study(
        storage=storage, study_name=name, direction="maximize", load_if_exists=True, sampler=_sampler(0, 0)
    )
