"""Files of bars into tapes: what zone and which end of the bar the stamps mean is found out, and said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.market.new_york import (
    CLOSE_MINUTE,
    NS_PER_DAY,
    NS_PER_HOUR,
    OPEN_MINUTE,
    minute_of_day,
    utc_ns,
    wall_ns,
)
from rung.market.reading import SUFFIXES, Table, read_table
from rung.market.stamps import ReadStamps, Zone, read_stamps
from rung.market.tape import COLUMNS, Flaw, Floats, Label, RawBars, Stamps, Tape, find_flaw, make_tape

SYNTHETIC_KEY, SOURCE_KEY = "rung.synthetic", "rung.source"
NAME_INTERVAL = re.compile(r"_(\d+)(m|h)(?:_|$)")
USUAL_SHARE = 0.5
HOURS_OF_A_24_7_MARKET = 20
ENOUGH_STEPS = 20
"""So many steps between bars, all of them longer than the name says, are no accident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A file's bars before anyone believes them."""

    table: Table
    raw: RawBars
    label: Label


def read_tape(path: Path) -> Tape:
    """The tape in a file. Raises UserError naming line and column for anything that keeps it from being one."""
    reading = read_raw(path)
    flaw = find_flaw(reading.raw)
    if flaw is not None:
        column = flaw.column if flaw.column != "time" else _time_column(reading.table)
        raise UserError(flaw.what, where=reading.table.place(flaw.row, column), remedy=REMEDY)
    raw, notes = settle_ends(reading.raw, reading.label.interval_ns)
    label = reading.label
    return make_tape(
        raw,
        Label(
            symbol=label.symbol,
            interval_ns=label.interval_ns,
            source=label.source,
            synthetic=label.synthetic,
            notes=(*label.notes, *notes),
        ),
    )


REMEDY = "correct or remove that bar: nothing is repaired silently"


def read_raw(path: Path) -> Reading:
    """The bars of a file with their stamps in UTC, in the file's order, not yet believed; for the checks."""
    table = read_table(path)
    stamps = read_stamps(table)
    if isinstance(stamps, Flaw):
        raise UserError(stamps.what, where=table.place(stamps.row, stamps.column), remedy="write it as ISO or epoch")
    columns = {name: _numbers(table, name) for name in COLUMNS}
    open_ns, zone_notes = settle_zone(stamps, str(path))
    label = Label(
        symbol=symbol_of(path),
        interval_ns=_interval_ns(open_ns, path),
        source=table.metadata.get(SOURCE_KEY, path.name),
        synthetic=table.metadata.get(SYNTHETIC_KEY) == "true",
        notes=(*stamps.notes, *zone_notes),
    )
    return Reading(table=table, raw=RawBars(open_ns=open_ns, **columns), label=label)


def stem_of(path: Path) -> str:
    """The file's name without its kind: `TQQQ_1m` of `TQQQ_1m.parquet`, `SPY_RTH_NH` of `SPY_RTH_NH.csv.gz`."""
    suffix = next((s for s in sorted(SUFFIXES, key=len, reverse=True) if path.name.lower().endswith(s)), "")
    return path.name[: len(path.name) - len(suffix)]


def symbol_of(path: Path) -> str:
    """The symbol a file is named after: everything before the first underscore."""
    return stem_of(path).split("_")[0].upper()


def settle_zone(stamps: ReadStamps, where: str) -> tuple[Stamps, tuple[str, ...]]:
    """Stamps in UTC. Times without a zone are New York's or UTC's, whichever fits a session; guessing is refused."""
    if stamps.zone in (Zone.OFFSET,) or stamps.column in ("ts_nyt_epoch", "bar_id"):
        return stamps.ns, ()
    as_utc, as_local = _in_session(wall_ns(stamps.ns)), _in_session(stamps.ns)
    if as_local and not as_utc and _starts_at_the_open(stamps.ns):
        note = f"{stamps.column} is New York time, not UTC: every bar then lies in the regular session"
        return utc_ns(stamps.ns), (note,)
    if stamps.zone is not Zone.NONE:
        return stamps.ns, ()
    if as_utc and not as_local:
        return stamps.ns, (f"{stamps.column} names no zone; UTC fits the regular session",)
    if len(np.unique(stamps.ns // NS_PER_HOUR % 24)) >= HOURS_OF_A_24_7_MARKET:
        return stamps.ns, (f"{stamps.column} names no zone; a market that trades around the clock is read as UTC",)
    raise UserError(
        "the times name no zone, and it cannot be told whether they are UTC or New York's",
        where=f"{where}, column {stamps.column}",
        remedy="write the offset (2025-04-01T09:30:00-04:00) or an epoch",
    )


def settle_ends(raw: RawBars, interval_ns: int) -> tuple[RawBars, tuple[str, ...]]:
    """Bars stamped with their open: close stamps are moved, the bar after the close (the 391st) is left out."""
    wall = wall_ns(raw.open_ns)
    if not _in_session(wall):
        return raw, ()
    minutes = minute_of_day(wall)
    step = interval_ns // NS_PER_MINUTE
    at_close = minutes == CLOSE_MINUTE
    firsts = minutes[np.unique(wall // NS_PER_DAY, return_index=True)[1]]
    if not at_close.any():
        return raw, ()
    if not (minutes < OPEN_MINUTE + step).any() and np.mean(firsts == OPEN_MINUTE + step) >= USUAL_SHARE:
        note = f"the bars were stamped with their close ({_clock(OPEN_MINUTE + step)} to 16:00): moved to their open"
        return raw.shifted(-interval_ns), (note,)
    count = int(at_close.sum())
    return raw.take(~at_close), (f"left out {count} bar{'s' * (count > 1)} stamped 16:00, after the close",)


def _in_session(wall: Stamps) -> bool:
    minutes = minute_of_day(wall)
    return bool(((minutes >= OPEN_MINUTE) & (minutes <= CLOSE_MINUTE)).all())


def _starts_at_the_open(wall: Stamps) -> bool:
    firsts = minute_of_day(wall)[np.unique(wall // NS_PER_DAY, return_index=True)[1]]
    return bool(np.mean(firsts <= OPEN_MINUTE + 5) >= USUAL_SHARE)


def _numbers(table: Table, name: str) -> Floats:
    import polars as pl

    cells = table.frame[name]
    if cells.null_count():
        raise _bad_cell(table, int(cells.is_null().arg_true()[0]), name, "is empty")
    text = cells.str.strip_chars() if cells.dtype == pl.String else cells
    if not (text.dtype == pl.String or text.dtype.is_numeric()):
        raise _bad_cell(table, 0, name, f"is of type {text.dtype}, not a number")
    values = text.cast(pl.Float64, strict=False)
    if values.null_count():
        row = int(values.is_null().arg_true()[0])
        raise _bad_cell(table, row, name, f"{text[row]!r} is not a number" if text[row] else "is empty")
    return values.to_numpy()


def _bad_cell(table: Table, row: int, name: str, what: str) -> UserError:
    return UserError(what, where=table.place(row, name), remedy="the file may be cut off or corrupt: fetch it again")


def _time_column(table: Table) -> str:
    names = ("ts_nyt_epoch", "timestamp_ms", "timestamp", "ts_utc")
    return next(name for name in names if name in table.frame.columns)


def _interval_ns(open_ns: Stamps, path: Path) -> int:
    """From the file's name (`_5m`), else the usual step between bars. A name that the bars contradict is refused."""
    steps = np.diff(open_ns)
    steps = steps[steps > 0]
    usual = _most_common(steps) if len(steps) else NS_PER_MINUTE
    named = NAME_INTERVAL.search(stem_of(path))
    if named is None:
        return usual
    interval = int(named[1]) * (NS_PER_MINUTE if named[2] == "m" else NS_PER_HOUR)
    common = int(np.gcd.reduce(steps)) if len(steps) else interval
    if common % interval or (common > interval and len(steps) >= ENOUGH_STEPS):
        raise UserError(
            f"the name says {named[1]}{named[2]} bars, but they are {usual / NS_PER_MINUTE:g} minutes apart",
            where=str(path),
            remedy="rename the file or fetch it again",
        )
    return interval


def _most_common(steps: Stamps) -> int:
    values, counts = np.unique(steps, return_counts=True)
    return int(values[np.argmax(counts)])


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
