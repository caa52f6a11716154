"""`walk_forward` for scripts: a strategy, a grid, a period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Unpack, overload

from rung.adapters.state.system_clock import SystemClock
from rung.domain.errors import UserError
from rung.lab.backtesting import request_of
from rung.lab.campaign import Pool
from rung.lab.cross_validating import CrossPlan, CrossResult, cross_validate
from rung.lab.grids import parse_grid, read_grid
from rung.lab.options import WalkOptions, book_file, refuse_unknown
from rung.lab.statistics.trial_file import SqliteTrialBook
from rung.lab.strategy_files import AnyStrategy, find_strategy
from rung.lab.strategy_subject import strategy_subject
from rung.lab.sweeping import pool_for
from rung.lab.walking import Plan, WalkForwardResult, walk_forward_of

TRIAL_BOOK = Path(".rung") / "trials.sqlite"
AnyGrid = Mapping[str, Sequence[Any] | str] | Sequence[str]


@overload
def walk_forward(
    strategy: str | Path | AnyStrategy,
    grid: AnyGrid,
    plan: Plan | None = None,
    *,
    pool: Pool | None = None,
    **options: Unpack[WalkOptions],
) -> WalkForwardResult: ...
@overload
def walk_forward(
    strategy: str | Path | AnyStrategy,
    grid: AnyGrid,
    plan: CrossPlan,
    *,
    pool: Pool | None = None,
    **options: Unpack[WalkOptions],
) -> CrossResult: ...
def walk_forward(
    strategy: str | Path | AnyStrategy,
    grid: AnyGrid,
    plan: Plan | CrossPlan | None = None,
    *,
    pool: Pool | None = None,
    **options: Unpack[WalkOptions],
) -> WalkForwardResult | CrossResult:
    """Choose from `grid` on past days, trade the following ones with the choice, step on; judge only the latter.

    strategy : a class, a file, a name.   grid : {"period": [60, 720], "band": "0.001,0.004"} as for `sweep` (or
    ["period=60,720"] as typed for `rung walk-forward`).   plan : `Plan(train_days=20, test_days=5)`, the default, or a
    `CrossPlan(groups=6, test_groups=2)`, which cross-validates (`--scheme cpcv`).   options : as for `backtest`
    (symbols, start, end, data, settings, …); workers : processes, 1 by default, more need a strategy that is a file or
    a name; cluster : of Dask; book : the trial book's file.   pool : one of your own instead.

    A walk answers `windows`, `days` and `cases`, a cross-validation `frame` and `path_frame`, all polars; both say in
    `honesty` whether luck explains it. Its trials are counted in the book. Deterministic. Raises UserError for
    everything a person can mend.

        walk_forward("crossover", {"period": [60, 720]}, Plan(train_days=20), symbols="BTCUSDT", data="DIR").windows
    """
    refuse_unknown(options, WalkOptions)
    request = request_of(strategy, options)
    words = grid if isinstance(grid, Mapping) else parse_grid([grid] if isinstance(grid, str) else grid)
    combinations = read_grid(find_strategy(strategy).cls, words, request.settings).combinations()
    book, pool = open_book(book_file(options, TRIAL_BOOK)), pool or _pool(options)
    subject, plan = strategy_subject(request), plan or Plan()
    plan = replace(plan, at_ns=plan.at_ns or SystemClock().now_ns())
    if isinstance(plan, CrossPlan):
        return cross_validate(subject, combinations, plan, book, pool)
    return walk_forward_of(subject, combinations, plan, book, pool)


def _pool(options: WalkOptions) -> Pool | None:
    return pool_for(options.get("cluster"), options.get("workers", 1))


def open_book(path: Path = TRIAL_BOOK) -> SqliteTrialBook:
    """The trial book of the working folder; the folder is made. UserError: it cannot be, or the file is another."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot be made: {error.strerror}", where=str(path.parent)) from error
    return SqliteTrialBook(path)
