"""`rung check`: does a strategy know what it cannot know?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rung.apps.cli.backtest import FundingFolder, Settings, Symbols, Timeframe, TradedAs


def check(  # noqa: PLR0913 - the options are the verb's interface
    strategy: Annotated[str, typer.Argument(help="a file (my_strategy.py, my_strategy.py:Class) or a name")],
    symbol: Symbols = None,
    start: Annotated[str | None, typer.Option("--from", help="first day, YYYY-MM-DD [default: as the tape]")] = None,
    end: Annotated[str | None, typer.Option("--to", help="last day, included [default: as the tape]")] = None,
    settings: Settings = None,
    data: Annotated[Path, typer.Option(help="folder of tapes (Parquet or CSV)")] = Path("data"),
    every: Annotated[
        int | None, typer.Option(help="change the future after every so many bars; 1 leaves none out [default: spread]")
    ] = None,
    funding: FundingFolder = None,
    traded_as: TradedAs = None,
    timeframe: Timeframe = None,
    json: Annotated[bool, typer.Option("--json", help="print the report as JSON")] = False,
) -> None:
    """Run a strategy again and again with other futures and find the first bar that knows one; exit code 1 if any does.

    Also: fills priced from the bar they were decided on, state kept between runs, other hash seeds, later starts, and
    parameters a step aside.
    """
    from rung.apps.check_words import print_report, report_json
    from rung.apps.cli.backtest import parse_settings, request_for, traded
    from rung.apps.cli.output import print_json
    from rung.apps.cli.progress import progress_bar
    from rung.lab.lookahead import CheckRequest, run_check

    asked = traded(request_for(strategy, tuple(symbol or ()), (start, end), data), funding, traded_as, timeframe)
    request = CheckRequest(
        strategy=strategy, symbols=asked.symbols, start=asked.start, end=asked.end, data=data,
        settings=parse_settings(settings or []), every=every, funding=asked.funding, traded_as=asked.traded_as,
        timeframe=asked.timeframe,
    )  # fmt: skip
    with progress_bar() as progress:
        report = run_check(request, progress)
    if json:
        print_json(report_json(report))
    else:
        print_report(report)
    if not report.clean:
        raise typer.Exit(1)
