"""The tables of `rung data list` and `rung data verify`."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import typer

from rung.apps.cli.output import print_table
from rung.domain.errors import UserError
from rung.market.catalogue import Catalogue
from rung.market.checks.findings import Finding, FindingKind, Severity, TapeReport, by_kind, summary
from rung.market.new_york import utc_text
from rung.market.tape_file import interval_text

FOLDED_BEYOND = 3
"""More findings of one kind than this become one row, unless every one is asked for."""
SHORT_ID = 12


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of the catalogue; `problem` says why a file is no tape, and the other fields then are empty."""

    symbol: str
    path: Path
    interval: str = ""
    bars: int = 0
    first_utc: str = ""
    last_utc: str = ""
    source: str = ""
    synthetic: bool = False
    content_id: str = ""
    notes: tuple[str, ...] = ()
    not_used: tuple[Path, ...] = ()
    problem: str = ""


def listed(catalogue: Catalogue) -> list[Listed]:
    """Every entry of a catalogue; a broken file is a line with its problem."""
    return [_listed(catalogue, symbol) for symbol in catalogue.symbols()]


def _listed(catalogue: Catalogue, symbol: str) -> Listed:
    entry = catalogue.entry(symbol)
    try:
        tape = catalogue.tape(symbol)
    except UserError as error:
        return Listed(symbol=symbol, path=entry.path, not_used=entry.instead_of, problem=str(error))
    return Listed(
        symbol=symbol,
        path=entry.path,
        interval=interval_text(tape.interval_ns),
        bars=len(tape),
        first_utc=utc_text(tape.first_ns),
        last_utc=utc_text(tape.last_ns),
        source=tape.source,
        synthetic=tape.synthetic,
        content_id=tape.content_id,
        notes=tape.notes,
        not_used=entry.instead_of,
    )


def listing_rows(found: Sequence[Listed]) -> list[tuple[object, ...]]:
    """Cells for a table, in the order symbol, interval, bars, first, last, file, source, id, note."""
    return [
        (
            one.symbol,
            one.interval,
            one.bars or "",
            one.first_utc[:10],
            one.last_utc[:10],
            one.path.name,
            "SYNTHETIC " + one.source.removeprefix("synthetic ") if one.synthetic else one.source,
            one.content_id[:SHORT_ID],
            "; ".join(_notes(one)),
        )
        for one in found
    ]


def _notes(one: Listed) -> list[str]:
    told = [one.problem] if one.problem else list(one.notes)
    return told + [f"{path.name} is not used" for path in one.not_used]


def as_json_fields(report: TapeReport) -> dict[str, object]:
    """A report as JSON: its fields and what follows from them."""
    fields = {field.name: getattr(report, field.name) for field in dataclasses.fields(report)}
    return {
        **fields,
        "flagged_minutes": sorted(report.flagged_minutes),
        "missing_bars": report.missing_bars,
        "missing_frac": round(report.missing_frac, 6),
        "warnings": report.warnings,
        "has_errors": report.has_errors,
    }


def print_reports(data: Path, reports: Sequence[TapeReport], *, every: bool) -> None:
    """A line per tape, a row per symbol, day and kind of doubt, and below what is merely worth knowing."""
    columns = ("symbol", "first", "last", "sessions", "bars", "missing", "errors", "warnings", "source")
    rows = [_tape_row(report) for report in reports]
    print_table(f"Tapes in {data}", columns, rows, right=columns[3:8])
    doubts = [row for report in reports for row in _finding_rows(report, every=every)]
    zone = "/".join(sorted({report.zone for report in reports}))
    title = "Findings" if every else "Doubts"
    if doubts:
        heads = ("symbol", "date", f"from ({zone})", "kind", "count", "what", "grade")
        print_table(f"{title} (all times {zone})", heads, doubts, right=("count",))
    else:
        typer.echo("no doubts about any bar")
    if every:
        return
    known = _worth_knowing(reports)
    if known:
        print_table("Worth knowing", ("date", "kind", "symbols", "what"), known)
    typer.echo("every day on its own: --all; for programs: --json")


def _tape_row(report: TapeReport) -> tuple[object, ...]:
    errors, warnings = (
        sum(finding.count for finding in report.findings if finding.severity is severity)
        for severity in (Severity.ERROR, Severity.WARNING)
    )
    source = f"SYNTHETIC, {report.source}" if report.synthetic else report.source
    missing = f"{report.missing_frac:.2%}"
    return (
        report.symbol,
        report.first_date,
        report.last_date,
        report.sessions,
        report.bars,
        missing,
        errors,
        warnings,
        source,
    )


def _finding_rows(report: TapeReport, *, every: bool) -> Iterable[tuple[object, ...]]:
    for kind, found in by_kind(report.findings):
        shown = found if every else [finding for finding in found if finding.severity is not Severity.INFO]
        if len(shown) > FOLDED_BEYOND and not every:
            yield _folded(kind, shown)
            continue
        for one in shown:
            yield report.symbol, one.date, one.first, kind.value, one.count, one.detail, one.severity.value


def _folded(kind: FindingKind, found: Sequence[Finding]) -> tuple[object, ...]:
    worst = max(found, key=lambda finding: finding.count)
    total = sum(finding.count for finding in found)
    days = f"{len({finding.date for finding in found})} days"
    what = f"worst {worst.date}: {worst.count}, {worst.detail}"
    return worst.symbol, days, "", kind.value, total, what, worst.severity.value


def _worth_knowing(reports: Sequence[TapeReport]) -> list[tuple[object, ...]]:
    """What is no doubt, by day and kind over all symbols; many small gaps are told as one line per symbol."""
    shared: dict[tuple[str, FindingKind], list[Finding]] = {}
    rows: list[tuple[object, ...]] = []
    for report in reports:
        for kind, found in by_kind(report.findings):
            infos = [finding for finding in found if finding.severity is Severity.INFO]
            if kind in (FindingKind.EARLY_CLOSE, FindingKind.OVERNIGHT_GAP):
                for finding in infos:
                    shared.setdefault((finding.date, kind), []).append(finding)
            elif infos:
                rows.append(("", kind.value, report.symbol, summary(kind, infos)))
    for (date, kind), found in sorted(shared.items()):
        symbols = " ".join(finding.symbol for finding in found)
        rows.append((date, kind.value, symbols, found[0].detail if kind is FindingKind.EARLY_CLOSE else _nights(found)))
    return rows


def _nights(found: Sequence[Finding]) -> str:
    moves = [finding.detail.split()[1] for finding in found]
    return f"opened {', '.join(moves)} from the last close"
