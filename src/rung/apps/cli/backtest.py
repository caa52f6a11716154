"""`rung backtest`: a strategy over recorded bars through the real desk."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rung.domain.errors import UserError

if TYPE_CHECKING:
    from rung.apps.subjects import Question
    from rung.lab.bench import BacktestRequest
    from rung.lab.instruments import Kind
    from rung.lab.result import BacktestResult

Symbols = Annotated[list[str] | None, typer.Option("--symbol", help="what to trade; repeat for several")]
Settings = Annotated[list[str] | None, typer.Option("--set", help="a parameter: period=40; repeat for several")]
LimitFiles = Annotated[
    list[Path] | None, typer.Option(help="limit set, repeatable, strictest binds (default: config/risk/backtest.toml)")
]

CostFile = Annotated[Path | None, typer.Option(help="cost file (default: config/costs.toml or costs_crypto.toml)")]
FundingFolder = Annotated[
    Path | None, typer.Option(help="folder of funding histories (default: `funding` beside the tapes)")
]
TradedAs = Annotated[
    str | None, typer.Option("--as", help="`spot`: take perpetuals as coins (default: as config/instruments.toml)")
]
RotationFile = Annotated[
    Path | None, typer.Option(help="rotation only: its file (default: config/rotation_strategy.json)")
]
Timeframe = Annotated[str | None, typer.Option(help="longer bars: 5m, 15m, 1h (default: as the tape)")]


def backtest(  # noqa: PLR0913 - the options are the verb's interface
    strategy: Annotated[str, typer.Argument(help="a file (my_strategy.py, my_strategy.py:Class) or a name")],
    symbol: Symbols = None,
    start: Annotated[str | None, typer.Option("--from", help="first day, YYYY-MM-DD (default: as the tape)")] = None,
    end: Annotated[str | None, typer.Option("--to", help="last day, included (default: as the tape)")] = None,
    settings: Settings = None,
    data: Annotated[Path, typer.Option(help="folder of tapes (Parquet or CSV)")] = Path("data"),
    capital: Annotated[str, typer.Option(help="equity before the first bar, quote currency")] = "100000",
    costs: CostFile = None,
    funding: FundingFolder = None,
    traded_as: TradedAs = None,
    timeframe: Timeframe = None,
    limits: LimitFiles = None,
    config: RotationFile = None,
    desk: Annotated[
        bool, typer.Option("--desk", help="every bar through the whole desk: slower, same numbers")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="folder for the report (HTML, text, JSON) and tables")] = None,
    json: Annotated[bool, typer.Option("--json", help="print report.json")] = False,
) -> None:
    """Run a strategy over recorded bars: fees, spread, slippage and gates on; decided on closes, filled at next opens.

    The strategy is a file of yours, a built-in name (`rung strategies list`) or one an installed package adds. The same
    class runs on every rung. Every configuration is counted in .rung/trials.sqlite: luck grows with every try.
    `rotation` runs as in `rung mock`, on its own symbols and limits, from the first to the last day you give.
    """
    from rung.adapters.state.system_clock import SystemClock
    from rung.apps.cli.progress import progress_bar
    from rung.apps.study_files import folder_for
    from rung.apps.subjects import Question
    from rung.lab.trial_count import DEFAULT_BOOK, Counting, book_at

    question = Question(
        strategy=strategy, symbols=tuple(symbol or ()), period=(start, end), grid=(), settings=tuple(settings or ()),
        data=data, capital=capital, costs=costs, limits=tuple(limits or ()), funding=funding, traded_as=traded_as,
        timeframe=timeframe, config=config, desk_only=desk,
    )  # fmt: skip
    run = _run_of(question)
    folder_for(out)
    with progress_bar() as progress:
        result = run(progress, counting=Counting(book_at(DEFAULT_BOOK), SystemClock()))
    _show(result, out, as_json=json)


def _run_of(question: Question) -> Callable[..., BacktestResult]:
    from rung.apps.subjects import ROTATION, request_of

    if question.strategy == ROTATION:
        from rung.apps.rotation_backtest import backtest_rotation

        return partial(backtest_rotation, question, parse_settings(list(question.settings)))
    if question.config is not None:
        raise UserError("only the rotation has a file of its own", where="--config", remedy="say --set NAME=VALUE")
    from rung.lab.backtesting import run_backtest

    return partial(run_backtest, request_of(question))


def _show(result: BacktestResult, out: Path | None, *, as_json: bool) -> None:
    from rung.apps.backtest_files import write_results
    from rung.apps.backtest_words import print_result
    from rung.apps.tearsheet import tearsheet
    from rung.reports.sheet.plain import sheet_json

    sheet = tearsheet(result) if as_json or out is not None else None
    written = write_results(result, sheet, out) if sheet is not None and out is not None else ()
    if as_json and sheet is not None:
        typer.echo(sheet_json(sheet).decode(), nl=False)
        return
    print_result(result)
    for path in written:
        typer.echo(f"written  {path}")


def traded(
    request: BacktestRequest, funding: Path | None, traded_as: str | None, timeframe: str | None
) -> BacktestRequest:
    """The request with what is said about funding, coins or perpetuals, and longer bars."""
    from dataclasses import replace

    return replace(request, funding=funding, traded_as=_kind(traded_as), timeframe=timeframe)


def _kind(word: str | None) -> Kind | None:
    from rung.lab.instruments import KINDS

    found = next((kind for kind in KINDS if kind == word), None)
    if word is not None and found is None:
        raise UserError(f"nothing is traded as {word!r}", where="--as", remedy=f"say {' or '.join(KINDS)}")
    return found


def parse_settings(words: list[str]) -> dict[str, str]:
    """`period=40 band=0.002` as a mapping; values stay text until the strategy says what they are."""
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals and value):
            raise UserError(f"{word!r} sets nothing", where="--set", remedy="write it like --set period=40")
        if name in found:
            raise UserError(f"{name} is set twice", where="--set", remedy="set each parameter once")
        found[name] = value
    return found


def request_for(
    strategy: str, symbols: tuple[str, ...], period: tuple[str | None, str | None], data: Path
) -> BacktestRequest:
    """Strategy, symbols and period as typed. UserError for a day that is none, and without a symbol."""
    from rung.apps.cli.mock import parse_symbols
    from rung.apps.mock_request import iso_date
    from rung.lab.bench import BacktestRequest

    start, end = (
        None if day is None else iso_date(day, flag) for day, flag in zip(period, ("--from", "--to"), strict=True)
    )
    named = parse_symbols(",".join(symbols) or None)
    if not named:
        raise UserError("no symbol", remedy="name one or more: --symbol BTCUSDT")
    return BacktestRequest(strategy=strategy, symbols=named, start=start, end=end, data=data)


def completed(
    request: BacktestRequest, settings: list[str], capital: str, costs: Path | None, limits: list[Path]
) -> BacktestRequest:
    """The request with what the other options say."""
    from dataclasses import replace

    from rung.apps.cli.mock import parse_capital
    from rung.apps.limit_files import load_limits
    from rung.lab.bench import LIMITS

    amount: Decimal = parse_capital(capital)
    bound = load_limits(limits, None, base=LIMITS).effective if limits else None
    return replace(request, settings=parse_settings(settings), capital=amount, costs=costs, limits=bound)
