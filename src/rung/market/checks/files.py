"""The checks for files that may not even be tapes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rung.domain.errors import UserError
from rung.market.calendar import calendar_name_for, calendar_named
from rung.market.catalogue import Catalogue
from rung.market.checks.findings import Finding, FindingKind, Severity, TapeReport
from rung.market.checks.whole import check_tape
from rung.market.importers import Reading, read_raw
from rung.market.new_york import utc_text
from rung.market.tape import COLUMNS


def check_symbol(catalogue: Catalogue, symbol: str, cache_dir: Path | None) -> TapeReport:
    """The report on one symbol of a catalogue, under the calendar its bars suggest.

    A file that is no tape is an answer too, not an exception: every duplicate, step back in time and impossible
    value in it is counted, with the place of the first.
    """
    try:
        tape = catalogue.tape(symbol)
    except UserError as error:
        return _broken(catalogue.entry(symbol).path, symbol, error)
    return check_tape(tape, calendar_named(calendar_name_for([tape.open_ns]), cache_dir))


def _broken(path: Path, symbol: str, refusal: UserError) -> TapeReport:
    try:
        reading = read_raw(path)
    except UserError as error:
        found = [_finding(symbol, FindingKind.UNREADABLE, 1, str(error))]
        return _report(symbol, path, found, bars=0)
    found = list(_flaws(reading, symbol)) or [_finding(symbol, FindingKind.UNREADABLE, 1, str(refusal))]
    return _report(symbol, path, found, bars=len(reading.raw))


def _flaws(reading: Reading, symbol: str) -> Iterator[Finding]:
    raw, table = reading.raw, reading.table
    steps = np.diff(raw.open_ns)
    back = np.flatnonzero(steps < 0) + 1
    _, firsts = np.unique(raw.open_ns, return_index=True)
    repeated = np.setdiff1d(np.arange(len(raw)), firsts)
    for kind, rows, what in (
        (FindingKind.OUT_OF_ORDER, back, "goes back in time"),
        (FindingKind.DUPLICATE, repeated, "repeats a time"),
    ):
        if len(rows):
            row = int(rows[0])
            told = f"{what}, first at {table.place(row, 'time')}"
            yield _finding(symbol, kind, len(rows), told, int(raw.open_ns[row]))
    for name in COLUMNS:
        values = getattr(raw, name)
        wrong = ~(values >= 0) if name == "volume" else ~(values > 0)
        rows = np.flatnonzero(wrong | np.isinf(values))
        if len(rows):
            row = int(rows[0])
            told = f"{name} is not a possible value, first {values[row]:g} at {table.place(row, name)}"
            yield _finding(symbol, FindingKind.BAD_VALUE, len(rows), told, int(raw.open_ns[row]))


def _finding(symbol: str, kind: FindingKind, count: int, detail: str, at_ns: int | None = None) -> Finding:
    text = "" if at_ns is None else utc_text(at_ns)
    return Finding(
        symbol=symbol,
        date=text[:10],
        kind=kind,
        severity=Severity.ERROR,
        count=count,
        detail=detail,
        first=text[11:],
        first_ns=at_ns,
    )


def _report(symbol: str, path: Path, findings: list[Finding], bars: int) -> TapeReport:
    return TapeReport(
        symbol=symbol,
        source=path.name,
        synthetic=False,
        content_id="",
        zone="UTC",
        interval_ns=0,
        first_date="",
        last_date="",
        sessions=0,
        bars=bars,
        expected_bars=0,
        findings=tuple(findings),
    )
