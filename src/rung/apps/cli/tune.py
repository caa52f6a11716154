"""`rung tune`: search parameters, judge the winner on days the search never saw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rung.apps.cli.backtest import CostFile, FundingFolder, Timeframe, TradedAs
from rung.domain.errors import UserError

Symbols = Annotated[list[str] | None, typer.Option("--symbol", help="what to trade; repeat for several")]
Grid = Annotated[
    list[str] | None,
    typer.Option("--grid", help="values to search: period=20:80:20; repeat [default: the rotation has its own]"),
]
Settings = Annotated[list[str] | None, typer.Option("--set", help="a parameter that stays: every=30")]
Holdout = Annotated[int | None, typer.Option(min=1, help="tail the search never sees [default: 20]")]
Write = Annotated[
    Path | None, typer.Option(help="rotation: where the tuned file goes [default: config/optimized_params.json]")
]
LimitFiles = Annotated[list[Path] | None, typer.Option(help="limit set, repeatable, strictest binds")]

Out = Annotated[Path | None, typer.Option(help="folder of the study [default: .rung/tune/STRATEGY]")]
Cluster = Annotated[str | None, typer.Option(help="run on a Dask cluster: tcp://HOST:PORT")]


def tune(  # noqa: PLR0913 - the options are the verb's interface
    strategy: Annotated[str, typer.Argument(help="a file, a name, or rotation")],
    symbol: Symbols = None,
    start: Annotated[str | None, typer.Option("--from", "--start-date", help="first day, YYYY-MM-DD")] = None,
    end: Annotated[str | None, typer.Option("--to", "--end-date", help="last day, included")] = None,
    grid: Grid = None,
    trials: Annotated[int, typer.Option(min=1, help="sets of values to try")] = 40,
    train_days: Annotated[int, typer.Option(min=1, help="days before each fold")] = 5,
    test_days: Annotated[int, typer.Option(min=1, help="days of each fold")] = 5,
    holdout_days: Holdout = None,
    months: Annotated[int | None, typer.Option(min=1, help="hold out so many months (21 sessions) instead")] = None,
    embargo_days: Annotated[int, typer.Option(min=0, help="days left out before each fold and the tail")] = 0,
    settings: Settings = None,
    config: Annotated[Path | None, typer.Option(help="rotation file to start from")] = None,
    data: Annotated[Path, typer.Option(help="folder of tapes (Parquet or CSV)")] = Path("data"),
    capital: Annotated[str, typer.Option(help="equity before each run, quote currency")] = "100000",
    costs: CostFile = None,
    funding: FundingFolder = None,
    traded_as: TradedAs = None,
    timeframe: Timeframe = None,
    limits: LimitFiles = None,
    cluster: Cluster = None,
    workers: Annotated[int | None, typer.Option(min=1, help="processes [default: one per core]")] = None,
    seed: Annotated[int, typer.Option(min=0, help="seed of search and resampling")] = 7,
    out: Out = None,
    write: Write = None,
    json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Search parameters by walk-forward folds, then judge the winner on a held-out tail, beside the default.

    For the rotation it searches thresholds, smoothing and stops and writes a file for `rung mock --config`; the file in
    use is never overwritten. The same call goes on where an interrupted one stopped.
    """
    from rung.apps.studies import Question, TunePlan, show_tuning

    question = Question(
        strategy=strategy, symbols=tuple(symbol or ()), period=(start, end), grid=tuple(grid or ()),
        settings=tuple(settings or ()), data=data, capital=capital, costs=costs, limits=tuple(limits or ()),
        funding=funding, traded_as=traded_as, timeframe=timeframe, config=config, write=write,
    )  # fmt: skip
    plan = TunePlan(
        trials=trials, train_days=train_days, test_days=test_days, embargo_days=embargo_days, seed=seed,
        holdout_days=held_out(holdout_days, months), out=out or place_of(strategy),
    )  # fmt: skip
    show_tuning(question, plan, (cluster, workers), as_json=json)


def place_of(strategy: str) -> Path:
    """Where a search is kept when nobody says."""
    return Path(".rung") / "tune" / Path(strategy.partition(":")[0]).stem


def held_out(days: int | None, months: int | None) -> int:
    """Sessions held out; a month has 21. UserError when both are given."""
    if days is not None and months is not None:
        raise UserError("--holdout-days and --months were both given", remedy="give one or the other")
    return 21 * months if months is not None else days or 20
