"""`rung walk-forward`: choose on past days, trade the following ones, step on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rung.apps.cli.backtest import CostFile, FundingFolder, Timeframe, TradedAs

Symbols = Annotated[list[str] | None, typer.Option("--symbol", help="what to trade; repeat for several")]
Grid = Annotated[list[str] | None, typer.Option("--grid", help="period=20:80:20 or band=0.001,0.002; repeat, crossed")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="a parameter that stays: every=30")]
LimitFiles = Annotated[
    list[Path] | None, typer.Option(help="limit set, repeatable, strictest binds [default: config/risk/backtest.toml]")
]
Out = Annotated[Path | None, typer.Option(help="folder for walk_forward.json; finished runs are kept there")]
Cluster = Annotated[str | None, typer.Option(help="run on a Dask cluster: tcp://HOST:PORT")]
Workers = Annotated[int | None, typer.Option(min=1, help="processes [default: one per core]")]


def walk_forward(  # noqa: PLR0913 - the options are the verb's interface
    strategy: Annotated[str, typer.Argument(help="a file (my_strategy.py, my_strategy.py:Class) or a name")],
    symbol: Symbols = None,
    start: Annotated[str | None, typer.Option("--from", help="first day, YYYY-MM-DD [default: as the tape]")] = None,
    end: Annotated[str | None, typer.Option("--to", help="last day, included [default: as the tape]")] = None,
    grid: Grid = None,
    train_days: Annotated[int, typer.Option(min=1, help="days to choose on")] = 20,
    test_days: Annotated[int, typer.Option(min=1, help="days to trade what was chosen")] = 5,
    anchored: Annotated[bool, typer.Option("--anchored", help="training always begins on the first day")] = False,
    purge_minutes: Annotated[int, typer.Option(min=0, help="end of training left out, rounded up to days")] = 0,
    embargo_days: Annotated[int, typer.Option(min=0, help="days left out between training and test")] = 0,
    select: Annotated[str, typer.Option(help="choose by: sharpe, return")] = "sharpe",
    settings: Settings = None,
    data: Annotated[Path, typer.Option(help="folder of tapes (Parquet or CSV)")] = Path("data"),
    capital: Annotated[str, typer.Option(help="equity before each window, quote currency")] = "100000",
    costs: CostFile = None,
    funding: FundingFolder = None,
    traded_as: TradedAs = None,
    timeframe: Timeframe = None,
    limits: LimitFiles = None,
    cluster: Cluster = None,
    workers: Workers = None,
    seed: Annotated[int, typer.Option(min=0, help="seed of the resampling")] = 7,
    out: Out = None,
    json: Annotated[bool, typer.Option("--json", help="print the result as JSON")] = False,
) -> None:
    """Choose the best parameters on some days, trade the next ones with them, step on; judge only the latter.

    In sample and out of sample stand side by side with the number of trials the trial book counted, and a sentence says
    whether luck explains the result. `rotation` walks with its own grid names (see docs/how_to/walk_forward.md).
    """
    from rung.apps.studies import Question, show_walk
    from rung.lab.walking import Plan

    question = Question(
        strategy=strategy, symbols=tuple(symbol or ()), period=(start, end), grid=tuple(grid or ()),
        settings=tuple(settings or ()), data=data, capital=capital, costs=costs, limits=tuple(limits or ()),
        funding=funding, traded_as=traded_as, timeframe=timeframe,
    )  # fmt: skip
    plan = Plan(
        train_days=train_days, test_days=test_days, anchored=anchored, purge_minutes=purge_minutes,
        embargo_days=embargo_days, select=select, seed=seed, out=out,
    )  # fmt: skip
    show_walk(question, plan, (cluster, workers), as_json=json)
