"""Every combination of a grid over recorded bars, and what the best of so many is worth.

from rung.lab import sweep
result = sweep("crossover", {"ma": "20:80:20", "threshold_pct": "0.05,0.1"}, symbols=("BTCUSDT",), data="…")
result.rows          # a polars frame, the best combination first
result.luck.sentence
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Unpack

from rung.adapters.pools.processes import ProcessPool
from rung.adapters.state.system_clock import SystemClock
from rung.domain.clock import Clock
from rung.domain.errors import UserError
from rung.kernels.compiled import compile_seconds
from rung.lab.backtesting import request_of
from rung.lab.campaign import Inline, Outcome, Pool, Task, kept_outcomes, run_campaign
from rung.lab.campaign import Progress as Done
from rung.lab.options import SweepOptions, book_file, refuse_unknown
from rung.lab.statistics.trial_file import SqliteTrialBook
from rung.lab.statistics.trials import TrialBook
from rung.lab.strategy_files import AnyStrategy
from rung.lab.sweep_outcome import BEST_WITH_DAYS, SweepResult, assembled, record
from rung.lab.sweep_plan import Plan, Work, plan_sweep
from rung.lab.sweep_rows import TWIN

TRIALS = Path(".rung/trials.sqlite")
MOST_UNASKED = 1_000_000
"""Combinations beyond which a person must say that they mean it."""
INLINE_SECONDS = 5.0
"""Work shorter than this is done before other processes have started."""
RETRY_BELOW_SECONDS = 2.0
COUNT_SECONDS = 50e-6
"""What the trial book takes for a combination, where it has not been measured on this machine yet."""
BESIDES_SECONDS = 15e-6
"""Per combination: rows, their order, tables and files."""
DESK_SECONDS_PER_BAR, LOOK_SECONDS_PER_BAR = 6e-6, 8e-8
"""One run of the twin's best on the desk; one second look on the portfolio kernel. These four were measured on a sweep
of 200,901 combinations over two days and one of 20,301 over 52, and are what `Estimate` adds to the runs themselves.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Before the work: how much it is, and how long it takes from here.

    runs_seconds : of the runs alone, spread over the workers; None when nothing has to be run.   seconds : with what is
    done besides, by one process: the trial book a second time, the checks on the desk, tables and files.
    """

    combinations: int
    done: int
    runs_seconds: float | None
    seconds: float
    workers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where and how a sweep runs. pool : None takes this process for short work and all cores for long.

    kept : folder of `sweep_<id>.jsonl`, None keeps nothing; fresh : begin anew.   trials : the trial book.
    yes : more than MOST_UNASKED combinations are meant.   stopwatch, compiled : seconds, and those spent on making
    machine code, for the estimate only.
    """

    trials: TrialBook
    clock: Clock
    pool: Pool | None = None
    workers: int | None = None
    kept: Path | None = None
    fresh: bool = False
    yes: bool = False
    stopwatch: Callable[[], float] = perf_counter
    compiled: Callable[[], float] = compile_seconds
    progress: Done = lambda done, total: None
    told: Callable[[Estimate], object] = lambda estimate: None


def sweep(
    strategy: str | Path | AnyStrategy,
    grid: Mapping[str, Sequence[Any] | str],
    **options: Unpack[SweepOptions],
) -> SweepResult:
    """Run every combination of `grid` ({"period": [20, 40], "band": "0.001,0.002"}) and judge the best.

    options : as for `backtest` (symbols, start, end, data, settings, …); workers : processes, 1 by default; cluster :
    of Dask; out : folder that keeps finished work; desk_only : neither compiled twin nor streamed runs; book : the
    trial book's file.
    Several symbols are swept one by one, a Portfolio's together. Crossovers go to the compiled twin where it knows
    their rules, everything else through the desk; the result says which. All combinations are recorded in the trial
    book before they run. Raises UserError for what a person can mend.
    """
    refuse_unknown(options, SweepOptions)
    request = request_of(strategy, options)
    out, workers, cluster = options.get("out"), options.get("workers", 1), options.get("cluster")
    where = Where(
        trials=trial_book(book_file(options, TRIALS)), clock=SystemClock(),
        pool=pool_for(cluster, workers), workers=workers, kept=None if out is None else Path(out),
        fresh=options.get("fresh", False), yes=options.get("yes", False),
    )  # fmt: skip
    return run_sweep(plan_sweep(request, grid), where)


def trial_book(path: str | Path) -> SqliteTrialBook:
    """The book at this place; its folder is made."""
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot be made: {error.strerror}", where=str(Path(path).parent)) from error
    return SqliteTrialBook(Path(path))


def pool_for(cluster: str | None, workers: int | None) -> Pool | None:
    """The cluster that is named; this process for 1 worker, processes for more, for None the sweep's own choice."""
    if cluster is not None:
        from rung.adapters.pools.cluster import ClusterPool

        return ClusterPool(cluster)
    if workers is not None and workers < 1:
        raise UserError(f"{workers} workers do nothing", where="--workers", remedy="give at least 1")
    return None if workers is None else Inline() if workers == 1 else ProcessPool(workers)


def run_sweep(plan: Plan, where: Where) -> SweepResult:
    """All tasks of the plan, those kept from an earlier run not again. Raises UserError; deterministic but for time.

    Combinations are counted before the first of them runs, so that a sweep that is killed has been. Only of an absurd
    number, which is refused, is one task timed and never shown.
    """
    kept = _kept_file(plan, where)
    done = {} if kept is None else kept_outcomes(kept)
    if plan.combinations > MOST_UNASKED and not where.yes:
        _refuse_absurd(_measured(plan, where, done, COUNT_SECONDS * plan.combinations), where)
    began = where.stopwatch()
    counted = record(plan, where.trials, where.clock.now_ns())
    estimate = _measured(plan, where, done, where.stopwatch() - began)
    where.told(estimate)
    short = estimate.runs_seconds is None or estimate.workers == 1
    pool = where.pool or (Inline() if short else ProcessPool(where.workers))
    outcomes = run_campaign(Work(plan.requests), plan.tasks(), pool=pool, kept=kept, progress=where.progress)
    return assembled(plan, outcomes, where.trials, counted)


def _measured(plan: Plan, where: Where, done: Mapping[str, Outcome], counting_seconds: float) -> Estimate:
    """The first task of each engine, for its time alone; a quick one twice, since the first time also loads code.

    counting_seconds : what the trial book took, or will take, to count every combination once.
    """
    workers = where.workers or len(os.sched_getaffinity(0))
    finished = sum(len(task.payload["combos"]) for task in plan.tasks() if task.id in done) if done else 0
    besides = counting_seconds + _besides(plan)
    if finished == plan.combinations:
        return Estimate(
            combinations=plan.combinations, done=finished, runs_seconds=None, seconds=besides, workers=workers
        )
    seconds, work = 0.0, Work(plan.requests)
    for engine in dict.fromkeys(plan.engines):
        first = plan.first_task(engine)
        spent = _timed(work, first, where)
        if spent < RETRY_BELOW_SECONDS:
            spent = _timed(work, first, where)
        seconds += spent * plan.share(first)
    alone = seconds * (1.0 - finished / plan.combinations)
    if where.pool is None and alone / workers < INLINE_SECONDS:
        workers = 1
    runs = alone / workers
    return Estimate(
        combinations=plan.combinations, done=finished, runs_seconds=runs, seconds=runs + besides, workers=workers
    )


def _besides(plan: Plan) -> float:
    """Seconds of what follows the runs, but for the trial book."""
    bars = [bench.market.feed.bars for bench in plan.benches]
    checked = sum(each for each, engine in zip(bars, plan.engines, strict=True) if engine == TWIN)
    looks = 0 if plan.keeps_days else BEST_WITH_DAYS * max(bars)
    tables = BESIDES_SECONDS * plan.combinations
    return tables + DESK_SECONDS_PER_BAR * checked + LOOK_SECONDS_PER_BAR * looks


def _timed(work: Work, task: Task, where: Where) -> float:
    """Seconds of the work itself: machine code is made once and not for every task."""
    began, compiled = where.stopwatch(), where.compiled()
    work(task.payload)
    return where.stopwatch() - began - (where.compiled() - compiled)


def _refuse_absurd(estimate: Estimate, where: Where) -> None:
    if estimate.runs_seconds is not None:
        raise UserError(
            f"{estimate.combinations:,} combinations would take about {duration(estimate.seconds)} "
            f"on {estimate.workers} core{'' if estimate.workers == 1 else 's'}",
            where="--grid",
            remedy="take wider steps, or say --yes",
        )


def duration(seconds: float) -> str:
    """So long, in the unit a person would use."""
    for unit, length in (("years", 31_557_600.0), ("days", 86_400.0), ("hours", 3_600.0), ("minutes", 60.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:.0f} seconds" if seconds >= 2.0 else f"{seconds:.1f} seconds" if seconds >= 0.1 else "no time"


def _kept_file(plan: Plan, where: Where) -> Path | None:
    if where.kept is None:
        return None
    path = where.kept / f"sweep_{plan.id}.jsonl"
    try:
        where.kept.mkdir(parents=True, exist_ok=True)
        if where.fresh:
            path.unlink(missing_ok=True)
    except OSError as error:
        if isinstance(error, FileExistsError | NotADirectoryError):
            words, place = "a folder is wanted, and a file is in its place", where.kept
        else:
            words, place = f"cannot be written: {error.strerror}", path
        raise UserError(words, where=str(place), remedy="name another --out") from error
    return path
