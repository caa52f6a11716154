"""A tape: the bars of one instrument at one interval, in columns."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Stamps = NDArray[np.int64]
Number = TypeVar("Number", np.int64, np.float64)

PRICES = ("open", "high", "low", "close")
COLUMNS = (*PRICES, "volume")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawBars:
    """Columns as they were read, believed by nobody yet: time may go backwards, prices may be NaN.

    open_ns : (n,) int64 UTC nanoseconds of the bar open.   the others : (n,) float64; NaN means "not a number".
    """

    open_ns: Stamps
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.open_ns)

    def take(self, rows: NDArray[np.bool_] | slice) -> RawBars:
        """The chosen rows, as a new set of columns."""
        return RawBars(open_ns=self.open_ns[rows], **{name: getattr(self, name)[rows] for name in COLUMNS})

    def shifted(self, by_ns: int) -> RawBars:
        """The same bars, every stamp moved by `by_ns`."""
        return RawBars(open_ns=self.open_ns + by_ns, **{name: getattr(self, name) for name in COLUMNS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """The first thing that keeps raw bars from being a tape: 0-based row, column name, and a sentence."""

    row: int
    column: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tape:
    """The bars of one symbol, oldest first; the arrays are read-only and may be memory-mapped.

    open_ns : (n,) int64 UTC, strictly increasing.   open, high, low, close : (n,) float64, finite, > 0.
    volume : (n,) float64, finite, >= 0.   Minutes without a bar are absent, never filled.
    source : where the bars came from, for reports.   notes : what reading changed (a zone, a dropped bar).
    content_id : sha256 over symbol, interval and the six columns: equal ids are equal tapes.
    synthetic : True when a generator made the bars; such a tape is never market evidence.
    """

    symbol: str
    interval_ns: int
    open_ns: Stamps
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    source: str
    content_id: str
    synthetic: bool = False
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.open_ns)

    @property
    def first_ns(self) -> int:
        """Open time of the first bar. A tape has at least one."""
        return int(self.open_ns[0])

    @property
    def last_ns(self) -> int:
        """Open time of the last bar."""
        return int(self.open_ns[-1])

    def rows(self, start_ns: int, stop_ns: int) -> slice:
        """The rows whose bars lie whole within [start_ns, stop_ns)."""
        first = int(np.searchsorted(self.open_ns, start_ns))
        stop = int(np.searchsorted(self.open_ns, stop_ns - self.interval_ns, side="right"))
        return slice(first, max(first, stop))


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Everything about a tape that is not a bar."""

    symbol: str
    interval_ns: int
    source: str
    synthetic: bool = False
    notes: tuple[str, ...] = ()


def make_tape(raw: RawBars, label: Label, content_id: str | None = None) -> Tape:
    """Columns plus label. The caller has made sure that `find_flaw(raw)` is None; the arrays become read-only.

    content_id : when it is already known (a warm cache), it is not computed again.
    """
    stamps = _frozen(raw.open_ns)
    columns = {name: _frozen(getattr(raw, name)) for name in COLUMNS}
    known = content_id or _content_id(label, stamps, columns)
    return Tape(
        symbol=label.symbol,
        interval_ns=label.interval_ns,
        source=label.source,
        synthetic=label.synthetic,
        notes=label.notes,
        content_id=known,
        open_ns=stamps,
        **columns,
    )


def find_flaw(raw: RawBars) -> Flaw | None:
    """The earliest row that breaks a tape's promises, or None."""
    found = [flaw for flaw in (_time_flaw(raw.open_ns), *(_value_flaw(raw, name) for name in COLUMNS)) if flaw]
    return min(found, key=lambda flaw: flaw.row, default=None)


def _frozen(values: NDArray[Number]) -> NDArray[Number]:
    column = np.ascontiguousarray(values)
    if column.flags.writeable:
        column = column.view()
        column.flags.writeable = False
    return column


def _content_id(label: Label, stamps: Stamps, columns: dict[str, Floats]) -> str:
    digest = sha256(f"{label.symbol} {label.interval_ns}".encode())
    digest.update(stamps.data)
    for name in COLUMNS:
        digest.update(columns[name].data)
    return digest.hexdigest()


def _time_flaw(open_ns: Stamps) -> Flaw | None:
    steps = np.diff(open_ns)
    bad = np.flatnonzero(steps <= 0)
    if not len(bad):
        return None
    row = int(bad[0]) + 1
    what = "repeats the time of the bar before" if steps[row - 1] == 0 else "goes back in time"
    return Flaw(row=row, column="time", what=what)


def _value_flaw(raw: RawBars, name: str) -> Flaw | None:
    values = getattr(raw, name)
    bad = np.flatnonzero(~(values >= 0) | np.isinf(values) if name == "volume" else ~(values > 0) | np.isinf(values))
    if not len(bad):
        return None
    row = int(bad[0])
    value = float(values[row])
    if np.isnan(value):
        what = "is not a number"
    elif np.isinf(value):
        what = "is infinite"
    else:
        what = f"is {value:g}, and a {'volume' if name == 'volume' else 'price'} cannot be"
    return Flaw(row=row, column=name, what=what)
