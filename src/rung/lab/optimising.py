"""`walk_forward` for scripts: a strategy, a grid, a period."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Unpack, overload

from rung.domain.errors import UserError
from rung.lab.backtesting import CAPITAL, BacktestRequest, Options
from rung.lab.campaign import Pool
from rung.lab.cross_validating import CrossPlan, CrossResult, cross_validate
from rung.lab.grids import parse_grid, read_grid
from rung.lab.statistics.trial_file import SqliteTrialBook
from rung.lab.strategy_files import AnyStrategy, find_strategy
from rung.lab.strategy_subject import strategy_subject
from rung.lab.walking import Plan, WalkForwardResult, walk_forward_of

TRIAL_BOOK = Path(".rung") / "trials.sqlite"


@overload
def walk_forward(
    strategy: str | Path | AnyStrategy,
    grid: Sequence[str],
    plan: Plan | None = None,
    *,
    pool: Pool | None = None,
    **options: Unpack[Options],
) -> WalkForwardResult: ...
@overload
def walk_forward(
    strategy: str | Path | AnyStrategy,
    grid: Sequence[str],
    plan: CrossPlan,
    *,
    pool: Pool | None = None,
    **options: Unpack[Options],
) -> CrossResult: ...
def walk_forward(
    strategy: str | Path | AnyStrategy,
    grid: Sequence[str],
    plan: Plan | CrossPlan | None = None,
    *,
    pool: Pool | None = None,
    **options: Unpack[Options],
) -> WalkForwardResult | CrossResult:
    """Walk a strategy (a class, a file, a name) forward; `options` as for `backtest`, `grid` as `rung walk-forward`.

    With a `cross_validating.CrossPlan` it is cross-validated instead (`--scheme cpcv`).

    Counts its trials in the book of the working folder. Without a pool it runs in this process; a pool of processes
    needs a strategy that is a file or a name. Raises UserError for everything a person can mend.
    """
    symbols = options.get("symbols", ())
    request = BacktestRequest(
        strategy=strategy,
        symbols=(symbols,) if isinstance(symbols, str) else tuple(symbols),
        start=options.get("start"),
        end=options.get("end"),
        data=options.get("data", "data"),
        capital=Decimal(str(options.get("capital", CAPITAL))),
        costs=options.get("costs"),
        limits=options.get("limits"),
        settings=options.get("settings", {}),
        funding=options.get("funding"),
        traded_as=options.get("traded_as"),
        timeframe=options.get("timeframe"),
    )
    combinations = read_grid(find_strategy(strategy).cls, parse_grid(grid)).combinations()
    subject = strategy_subject(request)
    if isinstance(plan, CrossPlan):
        return cross_validate(subject, combinations, plan, open_book(), pool)
    return walk_forward_of(subject, combinations, plan or Plan(), open_book(), pool)


def open_book(path: Path = TRIAL_BOOK) -> SqliteTrialBook:
    """The trial book of the working folder; the folder is made. UserError: it cannot be, or the file is another."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot be made: {error.strerror}", where=str(path.parent)) from error
    return SqliteTrialBook(path)
