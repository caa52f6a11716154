"""`rung data`: import, list, verify, download or invent market data."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rung.apps.places import CACHE_DIR
from rung.domain.errors import UserError

if TYPE_CHECKING:
    from rung.adapters.feeds.massive import Downloaded, MassiveDownloader, Progress

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Import, list, verify, download or invent bars.")

KEY_VARIABLES = ("MASSIVE_API_KEY", "POLYGON_API_KEY")
SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9.\-:]{0,30}")
DEFAULT_DATA = Path("data/equities")
WAIT_WORTH_TELLING_S = 2.0
FIRST_SYNTHETIC_DATE = "2025-01-02"

Data = Annotated[Path, typer.Option(help="Folder of tapes (Parquet or CSV).")]
Output = Annotated[Path, typer.Option(help="Folder the tapes are written to; made when missing.", show_default=False)]
Symbols = Annotated[str | None, typer.Option(help="Comma-separated (default: every one there is).")]
Force = Annotated[bool, typer.Option("--force", help="Replace a file that is there with other bars.")]
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


@app.command("import")
def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files (.csv, .csv.gz, .parquet) or folders of them.")],
    output: Output,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Turn files of bars into tapes: finds out their zone and which end of the bar they are stamped with, and says so.

    Bars stamped 16:00 (the 391st) are left out; anything that cannot be a bar stops the import with line and column.
    """
    from rung.apps.cli.output import print_json, print_table
    from rung.apps.cli.progress import progress_bar
    from rung.market.importers import read_tape
    from rung.market.tape_file import interval_text, place_tape

    files = [file for path in paths for file in _files(path)]
    done: list[dict[str, object]] = []
    with progress_bar() as move:
        for count, file in enumerate(files):
            move(f"importing {file.name}", count, len(files))
            tape = read_tape(file)
            path, placed = place_tape(tape, output, replace=force)
            row = {"symbol": tape.symbol, "interval": interval_text(tape.interval_ns), "bars": len(tape)}
            done.append({**row, "from": str(file), "to": str(path), "outcome": placed.value, "notes": tape.notes})
    if as_json:
        print_json(done)
        return
    rows = [(*list(row.values())[:3], row["to"], row["outcome"], "; ".join(_texts(row["notes"]))) for row in done]
    columns = ("symbol", "interval", "bars", "tape", "outcome", "what reading changed")
    print_table(f"Imported into {output}", columns, rows, right=("bars",))


@app.command("list")
def list_(data: Data = DEFAULT_DATA, as_json: Json = False) -> None:
    """Every tape of a folder: what it covers, where it came from, its id. Invented bars are labelled."""
    from rung.apps.cli.data_tables import listed, listing_rows
    from rung.apps.cli.output import print_json, print_table
    from rung.market.catalogue import Catalogue

    found = listed(Catalogue(data, CACHE_DIR))
    if as_json:
        print_json(found)
        return
    columns = ("symbol", "bars of", "bars", "first", "last", "file", "source", "id", "note")
    print_table(f"Tapes in {data}", columns, listing_rows(found), right=("bars",))
    if not found:
        typer.echo("no tapes: `rung data import`, `rung data download` or `rung data synth` makes some")


@app.command()
def verify(
    data: Data = DEFAULT_DATA,
    symbols: Symbols = None,
    every: Annotated[bool, typer.Option("--all", help="One row per symbol, day and kind, nothing folded.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when any finding is an error.")] = False,
    as_json: Json = False,
) -> None:
    """Look the tapes over: gaps, halts, false prints, spikes, outages, splits, early closes. Repairs nothing."""
    from rung.apps.cli.data_tables import as_json_fields, print_reports
    from rung.apps.cli.output import print_json
    from rung.apps.cli.progress import progress_bar
    from rung.market.catalogue import Catalogue
    from rung.market.checks.files import check_symbol

    catalogue = Catalogue(data, CACHE_DIR)
    wanted = [catalogue.entry(symbol).symbol for symbol in parse_symbols(symbols)] or list(catalogue.symbols())
    if not wanted:
        raise UserError("no tapes to verify", where=str(data), remedy="give another --data folder")
    reports = []
    with progress_bar() as move:
        for count, symbol in enumerate(wanted):
            move(f"checking {symbol}", count, len(wanted))
            reports.append(check_symbol(catalogue, symbol, CACHE_DIR))
    if as_json:
        print_json({"data": data, "tapes": [as_json_fields(report) for report in reports]})
    else:
        print_reports(data, reports, every=every)
    if strict and any(report.has_errors for report in reports):
        raise typer.Exit(1)


@app.command()
def synth(
    output: Output,
    days: Annotated[int, typer.Option(min=1, max=2500, help="Trading days to invent.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bars.")] = 7,
    start_date: Annotated[str, typer.Option(help="First day, or the next session after it.")] = FIRST_SYNTHETIC_DATE,
    as_json: Json = False,
) -> None:
    """Invent a market of six correlated leveraged ETFs, labelled synthetic wherever it is used.

    It shows how the desk works. It is no evidence about any strategy.
    """
    from rung.apps.cli.output import print_json, print_table
    from rung.market.calendar import xnys
    from rung.market.synthetic import invent_market
    from rung.market.tape_file import place_tape

    tapes = invent_market(xnys(CACHE_DIR), start_date, days, seed)
    rows = []
    for tape in tapes:
        path, _ = place_tape(tape, output)
        rows.append((tape.symbol, len(tape), tape.content_id[:12], str(path)))
    if as_json:
        names = ("symbol", "bars", "content_id", "to")
        print_json({"synthetic": True, "seed": seed, "tapes": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    title = f"SYNTHETIC market, seed {seed}, {days} days from {start_date}"
    print_table(title, ("symbol", "bars", "id", "tape"), rows, right=("bars",))


@app.command()
def download(  # noqa: PLR0913 - the options are the verb's interface
    symbols: Annotated[str, typer.Option(help="Comma-separated.", show_default=False)],
    start_date: Annotated[str, typer.Option(help="First date, YYYY-MM-DD.", show_default=False)],
    end_date: Annotated[str, typer.Option(help="Last date, included.", show_default=False)],
    output: Output,
    base_url: Annotated[str | None, typer.Option(help="Another server that speaks the same protocol.")] = None,
    calls_per_minute: Annotated[int, typer.Option(min=0, help="Your plan's allowance; 0 is unlimited.")] = 0,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Download split-adjusted minute bars from Massive (formerly Polygon). Interrupted, it goes on where it stopped.

    The key comes from MASSIVE_API_KEY or POLYGON_API_KEY. Regular sessions only.
    """
    from rung.apps.cli.output import print_json, print_table
    from rung.apps.cli.progress import progress_bar
    from rung.apps.mock_request import parse_period

    period, key = parse_period(None, start_date, end_date), _key()
    wanted = parse_symbols(symbols)
    if not wanted:
        raise UserError("no symbols", where="--symbols", remedy="name some, like TQQQ,SQQQ")
    _refuse_to_replace(wanted, output, force=force)
    with progress_bar() as move:

        def told(step: Progress) -> None:
            move(f"{step.symbol} {step.month}", step.done, step.total)

        downloader = _downloader(key, base_url, calls_per_minute)
        done = [downloader.download(symbol, period, output, told) for symbol in wanted]
    if as_json:
        print_json(done)
        return
    columns = ("symbol", "bars", "outside sessions", "months kept from before", "sessions without bars", "tape")
    right = columns[1:4]
    print_table(f"Downloaded {period[0]} to {period[1]}", columns, [_downloaded_row(one) for one in done], right=right)


def parse_symbols(text: str | None) -> list[str]:
    """`TQQQ,SQQQ` or `TQQQ SQQQ`, each once, in the order given. Raises UserError for what cannot be a symbol."""
    found = list(dict.fromkeys(part.upper() for part in (text or "").replace(",", " ").split()))
    strange = [symbol for symbol in found if not SYMBOL.fullmatch(symbol)]
    if strange:
        raise UserError(f"{strange[0]!r} is not a symbol", where="--symbols", remedy="name them like TQQQ,SQQQ")
    return found


def _files(path: Path) -> list[Path]:
    """The file itself, or every file of bars in a folder."""
    from rung.market.reading import SUFFIXES

    if not path.is_dir():
        return [path]
    found = [file for file in sorted(path.iterdir()) if file.name.lower().endswith(SUFFIXES)]
    found = [file for file in found if not file.name.startswith((".", "_"))]
    if not found:
        raise UserError("holds no .csv, .csv.gz or .parquet", where=str(path), remedy="name the files")
    return found


def _key() -> str:
    import os

    key = next((os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)), "").strip()
    if not key:
        raise UserError("no key", where=" or ".join(KEY_VARIABLES), remedy="set one of them in the environment")
    return key


def _refuse_to_replace(symbols: list[str], output: Path, *, force: bool) -> None:
    standing = [path for path in (output / f"{symbol}_1m.parquet" for symbol in symbols) if path.exists()]
    if standing and not force:
        raise UserError("is there already", where=str(standing[0]), remedy="say --force to download it again")


def _downloader(key: str, base_url: str | None, calls_per_minute: int) -> MassiveDownloader:
    import time

    from rung.adapters.feeds.massive import MassiveDownloader
    from rung.adapters.feeds.patience import Patience
    from rung.market.calendar import xnys

    def say(why: str, seconds: float) -> None:
        if seconds >= WAIT_WORTH_TELLING_S:
            typer.echo(f"rung: waiting {seconds:.0f} s: {why}", err=True)

    patience = Patience(sleep=time.sleep, monotonic=time.monotonic, on_wait=say, calls_per_minute=calls_per_minute)
    return MassiveDownloader(key, xnys(CACHE_DIR), patience, base_url)


def _downloaded_row(one: Downloaded) -> tuple[object, ...]:
    empty = ", ".join(one.empty_sessions) or "none"
    return one.symbol, one.bars, one.left_out, one.months_reused, empty, one.path


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, tuple | list) else []
