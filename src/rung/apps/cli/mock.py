"""`rung mock`: replay recorded minutes through the whole desk."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from rung.apps.mock_request import DEFAULT_SHUFFLES, WARM_UP_SESSIONS, MockRequest, parse_period
from rung.apps.places import COSTS_FILE, LIMITS_FILE, ROTATION_FILE, config_file
from rung.domain.errors import UserError

LimitFiles = Annotated[
    list[Path] | None, typer.Option(help="limit set, repeatable, strictest binds (default: config/risk/screen.toml)")
]
WarmUp = Annotated[int, typer.Option(min=0, max=250, help="sessions before the first that the learner sees")]
Shuffles = Annotated[int, typer.Option(min=0, max=1000, help="runs on shuffled signals to compare with")]
MOST_CAPITAL = Decimal(10) ** 12


def mock(  # noqa: PLR0913 - the options are the verb's interface, named by the documents it honours
    date: Annotated[str | None, typer.Option(help="replay this one session, YYYY-MM-DD")] = None,
    start_date: Annotated[str | None, typer.Option(help="first session to replay")] = None,
    end_date: Annotated[str | None, typer.Option(help="last session to replay, included")] = None,
    config: Annotated[Path | None, typer.Option(help="rotation file (default: config/rotation_strategy.json)")] = None,
    data: Annotated[Path, typer.Option(help="folder of tapes (Parquet or CSV)")] = Path("data/equities"),
    out: Annotated[Path, typer.Option(help="where session files, journal and reports go")] = Path("logs/mock_trading"),
    symbols: Annotated[str | None, typer.Option(help="comma-separated, instead of the configured ones")] = None,
    capital: Annotated[str, typer.Option(help="equity before the first minute, USD")] = "100000",
    costs: Annotated[Path | None, typer.Option(help="cost file (default: config/costs.toml)")] = None,
    limits: Annotated[
        list[Path] | None,
        typer.Option(help="limit set, repeatable, strictest binds (default: config/risk/screen.toml)"),
    ] = None,
    profile: Annotated[str | None, typer.Option(help="capital profile: micro, low, normal, aggressive")] = None,
    warm_up: WarmUp = WARM_UP_SESSIONS,
    shuffles: Shuffles = DEFAULT_SHUFFLES,
    seed: Annotated[int, typer.Option(min=0, help="seed of shuffles and bootstrap")] = 7,
    json: Annotated[bool, typer.Option("--json", help="print report.json instead of the text report")] = False,
) -> None:
    """Replay recorded minutes through the whole desk and judge the result.

    Warms up only on sessions before the first replayed one. Decides on closed bars, fills at the next bar's open with
    spread, slippage and fees against you. Writes session files, a journal, and the report as text, JSON and HTML.
    """
    first, last = parse_period(date, start_date, end_date)
    request = MockRequest(
        start=first,
        end=last,
        data_dir=data,
        out_dir=out,
        config_path=config or config_file(ROTATION_FILE),
        costs_path=costs or config_file(COSTS_FILE),
        limits_paths=tuple(limits or [config_file(LIMITS_FILE)]),
        profile=profile,
        symbols=parse_symbols(symbols),
        capital_quote=parse_capital(capital),
        seed=seed,
        warm_up_sessions=warm_up,
        shuffles=shuffles,
    )
    run_and_report(request, as_json=json)


def parse_symbols(text: str | None) -> tuple[str, ...]:
    """`TQQQ,SQQQ` or `TQQQ SQQQ` as symbols in the order given; no option as ()."""
    if text is None:
        return ()
    symbols = tuple(part.upper() for part in text.replace(",", " ").split())
    twice = [s for s in symbols if symbols.count(s) > 1]
    if twice:
        raise UserError(f"{twice[0]} is named twice", where="--symbols", remedy="name each symbol once")
    if not symbols:
        raise UserError("names no symbol", where="--symbols", remedy="write them like TQQQ,SQQQ")
    return symbols


def parse_capital(text: str) -> Decimal:
    """An amount from a dollar to a trillion, whole cents. Raises UserError otherwise."""
    try:
        capital = Decimal(text)
    except InvalidOperation:
        capital = Decimal("NaN")
    if not (capital.is_finite() and 1 <= capital <= MOST_CAPITAL and capital == capital.quantize(Decimal("0.01"))):
        raise UserError(f"{text!r} is not an amount from 1 to 1e12", where="--capital", remedy="write it like 100000")
    return capital


def run_and_report(request: MockRequest, *, as_json: bool) -> None:
    """Run with a progress bar on stderr, write the reports, print the verdict."""
    from rung.apps.cli.output import console
    from rung.apps.cli.progress import progress_bar
    from rung.apps.mock import run_mock
    from rung.reports.write import write_reports

    with progress_bar() as progress:
        run = run_mock(request, progress)
        progress("writing reports", 0, 1)
        paths = write_reports(run.record, run.info, request.out_dir)
    if run.neighbours:
        names = ", ".join(path.name for path in run.neighbours)
        console(stderr=True).print(
            f"note: {names} in the same folder holds some of these sessions; session files of the same day were "
            "replaced, and `rung bullets` counts every journal: give each run its own --out",
            soft_wrap=True,
        )
    if run.earlier is not None:
        console(stderr=True).print(
            f"note: another run over the same sessions had its journal here; it is kept as {run.earlier}",
            soft_wrap=True,
            markup=False,
        )
    if as_json:
        typer.echo(paths.json.read_text(encoding="utf-8"), nl=False)
        return
    typer.echo(paths.text.read_text(encoding="utf-8"))
    console().print(f"report   {paths.html}\njournal  {run.journal_path}")
