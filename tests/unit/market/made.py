"""Tapes, files and calendars for tests of the market: calm unless a test says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rung.domain.clock import NS_PER_MINUTE
from rung.market.calendar import ExchangeCalendar
from rung.market.tape import COLUMNS, Label, RawBars, Tape, make_tape

DAY = "2025-09-16"
OPEN_NS = 1_758_029_400_000_000_000  # 2025-09-16 09:30 New York = 13:30 UTC
NS_PER_DAY = 86_400_000_000_000


def raw_bars(minutes: NDArray[np.int64] | int = 390, *, open_ns: int = OPEN_NS, price: float = 50.0) -> RawBars:
    """Calm bars at the given minutes of a session (or its first n): a few cents up and down, never the same twice."""
    slots = np.arange(minutes, dtype=np.int64) if isinstance(minutes, int) else minutes
    wave = price + np.round(0.02 * np.sin(slots / 3.0) + 0.01 * (slots % 3), 2)
    return RawBars(
        open_ns=open_ns + slots * NS_PER_MINUTE,
        open=wave,
        high=wave + 0.03,
        low=wave - 0.03,
        close=np.round(wave + 0.01, 2),
        volume=1000.0 + slots % 7,
    )


def tape(symbol: str = "TQQQ", raw: RawBars | None = None, interval_ns: int = NS_PER_MINUTE) -> Tape:
    label = Label(symbol=symbol, interval_ns=interval_ns, source="made for a test")
    return make_tape(raw_bars() if raw is None else raw, label)


def changed(raw: RawBars, row: int, values: Mapping[str, float]) -> RawBars:
    """The same bars with some prices of one row replaced."""
    columns = {name: np.array(getattr(raw, name)) for name in COLUMNS}
    for name, value in values.items():
        columns[name][row] = value
    return RawBars(open_ns=np.array(raw.open_ns), **columns)


def joined(*parts: RawBars) -> RawBars:
    return RawBars(
        open_ns=np.concatenate([part.open_ns for part in parts]),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS},
    )


def calendar(days: int = 5, lengths: Mapping[int, int] | None = None) -> ExchangeCalendar:
    """Consecutive weekdays from Tuesday 2025-09-16, each 09:30 to 16:00 New York; `lengths` shortens some."""
    opens = np.array([OPEN_NS + day * NS_PER_DAY for day in range(days)], dtype=np.int64)
    minutes = np.array([(lengths or {}).get(day, 390) for day in range(days)], dtype=np.int64)
    return ExchangeCalendar("TEST", opens // NS_PER_DAY, opens, opens + minutes * NS_PER_MINUTE)


def iso_utc(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // 1_000_000_000, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")


def csv_rows(raw: RawBars, stamp: list[str], first: str = "timestamp", extra: list[str] | None = None) -> str:
    """A CSV with the given time column; `extra` is a bar_id column."""
    header = f"{first},open,high,low,close,volume" + (",bar_id" if extra else "")
    lines = [header]
    for row in range(len(raw)):
        cells = [stamp[row], *(repr(float(getattr(raw, name)[row])) for name in COLUMNS)]
        lines.append(",".join([*cells, *([extra[row]] if extra else [])]))
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def same_bars(left: Tape | RawBars, right: Tape | RawBars) -> bool:
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in ("open_ns", *COLUMNS))
