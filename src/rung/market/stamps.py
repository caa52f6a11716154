"""The time column: epochs of any unit and ISO text, with or without a zone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from rung.domain.clock import NS_PER_MINUTE
from rung.market.reading import Table
from rung.market.tape import Flaw, Stamps

if TYPE_CHECKING:
    import polars as pl

ISO = r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?\s*(Z|z|[+-]\d{2}:?\d{2})?$"
UNITS_NS = ((1e11, 1_000_000_000), (1e14, 1_000_000), (1e17, 1_000), (float("inf"), 1))
"""Largest magnitude → nanoseconds per count: epoch seconds, milliseconds, microseconds, nanoseconds."""


class Zone(StrEnum):
    """What is known of the zone the stamps were written in."""

    EPOCH = "the epoch"
    OFFSET = "an offset of its own"
    UTC = "UTC"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadStamps:
    """Stamps as UTC nanoseconds; those without a zone are read as if they were UTC."""

    ns: Stamps
    zone: Zone
    column: str
    notes: tuple[str, ...] = ()


def read_stamps(table: Table) -> ReadStamps | Flaw:
    """The times of a table. An epoch column wins over a text column beside it, whatever that one is called."""
    names = set(table.frame.columns)
    if "ts_nyt_epoch" in names:
        return _against_text(table, _read(table.frame["ts_nyt_epoch"], "ts_nyt_epoch"))
    if "timestamp_ms" in names:
        return _read(table.frame["timestamp_ms"], "timestamp_ms")
    name = "timestamp" if "timestamp" in names else "ts_utc"
    read = _read(table.frame[name], name)
    return _against_bar_id(table, read) if "bar_id" in names else read


def _read(cells: pl.Series, name: str) -> ReadStamps | Flaw:
    import polars as pl

    if cells.null_count():
        return Flaw(row=int(cells.is_null().arg_true()[0]), column=name, what="is empty")
    if isinstance(cells.dtype, pl.Datetime):
        zone = Zone.NONE if cells.dtype.time_zone is None else Zone.EPOCH
        return ReadStamps(ns=cells.dt.epoch("ns").to_numpy(), zone=zone, column=name)
    if cells.dtype.is_integer():
        return _epochs(cells.cast(pl.Int64), name)
    if cells.dtype != pl.String:
        return Flaw(row=0, column=name, what=f"is of type {cells.dtype}, not a time")
    text = cells.str.strip_chars()
    if bool(text.str.contains(r"^\d+(\.0+)?$").all()):
        return _epochs(text.str.replace(r"\.0+$", "").cast(pl.Int64), name)
    return _iso(text, name)


def _epochs(cells: pl.Series, name: str) -> ReadStamps | Flaw:
    counts = cells.to_numpy().astype(np.int64)
    largest = float(np.abs(counts).max())
    unit = next(ns for limit, ns in UNITS_NS if largest < limit)
    ragged = np.flatnonzero(np.abs(counts) < largest / 100)
    if len(ragged):
        row = int(ragged[0])
        return Flaw(row=row, column=name, what=f"is {counts[row]}, in another unit than its neighbours")
    return ReadStamps(ns=counts * unit, zone=Zone.EPOCH, column=name)


def _iso(text: pl.Series, name: str) -> ReadStamps | Flaw:
    import polars as pl

    parts = text.str.extract_groups(ISO).struct.unnest()
    day, minute, second, offset = (parts.to_series(i) for i in range(4))
    joined = day + "T" + minute + second.fill_null(":00")
    wall = joined.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="ns", strict=False)
    if wall.null_count():
        row = int(wall.is_null().arg_true()[0])
        return Flaw(row=row, column=name, what=f"{_short(text[row])} is not a time")
    ns = wall.to_physical().to_numpy()
    if offset.null_count() == len(offset):
        return ReadStamps(ns=ns, zone=Zone.NONE, column=name)
    if offset.null_count():
        first = offset.is_null().arg_true()[0]
        other = offset.is_not_null().arg_true()[0]
        return Flaw(row=int(max(first, other)), column=name, what="mixes times with and without a zone")
    digits = offset.str.replace("(?i)^z$", "+00:00").str.replace(":", "")
    sign = (digits.str.head(1) == "-").to_numpy()
    minutes = (digits.str.slice(1, 2).cast(pl.Int64) * 60 + digits.str.slice(3, 2).cast(pl.Int64)).to_numpy()
    shift = np.where(sign, -minutes, minutes) * NS_PER_MINUTE
    return ReadStamps(ns=ns - shift, zone=Zone.OFFSET if shift.any() else Zone.UTC, column=name)


def _against_text(table: Table, epoch: ReadStamps | Flaw) -> ReadStamps | Flaw:
    """Says so when the text column beside the epoch tells another time. The epoch wins."""
    if isinstance(epoch, Flaw) or "ts_utc" not in table.frame.columns:
        return epoch
    text = _read(table.frame["ts_utc"], "ts_utc")
    if isinstance(text, Flaw):
        return text
    if text.zone is Zone.OFFSET:
        note = "ts_utc is New York time with its offset; ts_nyt_epoch was used"
    else:
        note = "ts_utc is really New York time; ts_nyt_epoch was used"
    off = text.zone is Zone.OFFSET or bool((text.ns != epoch.ns).any())
    return ReadStamps(ns=epoch.ns, zone=Zone.EPOCH, column=epoch.column, notes=(note,) if off else ())


def _against_bar_id(table: Table, read: ReadStamps | Flaw) -> ReadStamps | Flaw:
    """A bar_id that counts minutes since the epoch settles the zone of a column that cannot."""
    import polars as pl

    if isinstance(read, Flaw) or read.zone in (Zone.EPOCH, Zone.OFFSET):
        return read
    ids = table.frame["bar_id"].cast(pl.Int64, strict=False)
    if ids.null_count():
        return read
    by_id = ids.to_numpy().astype(np.int64) * NS_PER_MINUTE
    apart = by_id - read.ns
    if not np.isin(apart // NS_PER_MINUTE, (0, 240, 300)).all():
        return read
    note = ("timestamp is New York time; bar_id, minutes since the epoch, was used",) if apart.any() else ()
    return ReadStamps(ns=read.ns + apart, zone=Zone.EPOCH, column="bar_id", notes=note)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}…'"
