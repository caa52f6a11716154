"""Minute bars from Massive (formerly Polygon), month by month, resumable."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from rung.adapters.feeds.patience import Patience, PatientPool
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.domain.session import Session
from rung.market.calendar import Calendar, required_sessions
from rung.market.importers import read_tape
from rung.market.new_york import utc_text
from rung.market.tape import COLUMNS, Floats, Label, RawBars, Tape, find_flaw, make_tape
from rung.market.tape_file import tape_file_name, write_tape

PAGE_LIMIT = 50_000
PARTS_FOLDER = ".download"
NS_PER_MS = 1_000_000
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Told after every month. `reused` is True when the month was there from an earlier, interrupted run."""

    symbol: str
    month: str
    done: int
    total: int
    bars: int
    reused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloaded:
    """One finished tape. left_out : bars outside the sessions.   empty_sessions : dates without a single bar."""

    symbol: str
    path: Path
    bars: int
    left_out: int
    months_reused: int
    empty_sessions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Month:
    """The sessions of one calendar month, cut to the period asked for."""

    sessions: tuple[Session, ...]

    @property
    def name(self) -> str:
        return self.sessions[0].date[:7]

    @property
    def span(self) -> str:
        return f"{self.sessions[0].date}_{self.sessions[-1].date}"


@dataclass(slots=True)
class _Haul:
    """What one symbol's download has brought so far."""

    tapes: list[Tape] = field(default_factory=list)
    left_out: int = 0
    reused: int = 0


class MassiveDownloader:
    """Downloads split-adjusted minute aggregates through the vendor's own client.

    The key is sent to `base_url` only, and over plain http only to this machine. Waiting and repeating follow
    `patience`; the SDK's own retries are off.
    """

    def __init__(self, api_key: str, calendar: Calendar, patience: Patience, base_url: str | None = None) -> None:
        from massive import RESTClient
        from massive.rest import BASE

        base = (base_url or BASE).rstrip("/")
        _refuse_open_wire(base)
        self._calendar = calendar
        self._client: Any = RESTClient(api_key, base=base, retries=0)
        self._client.client = PatientPool(self._client.client, patience, api_key)

    def download(
        self,
        symbol: str,
        period: tuple[str, str],
        output: Path,
        progress: Callable[[Progress], None] = lambda _step: None,
    ) -> Downloaded:
        """Regular-session bars of `symbol` from `period[0]` to `period[1]` (ISO dates, both included) as a tape.

        A finished month is kept in `output/.download` until the tape is written, so an interrupted run goes on where
        it stopped. The tape appears whole or not at all, in the place of an older one.
        """
        months = _months(required_sessions(self._calendar, *period))
        parts = output / PARTS_FOLDER / symbol
        haul = _Haul()
        for done, month in enumerate(months, start=1):
            path = parts / f"{symbol}_1m_{month.span}.parquet"
            tape, reused = _kept(path), True
            if tape is None:
                tape, reused = self._fetch(symbol, month, path, haul), False
            haul.tapes += [] if tape is None else [tape]
            haul.reused += reused
            bars = 0 if tape is None else len(tape)
            progress(Progress(symbol=symbol, month=month.name, done=done, total=len(months), bars=bars, reused=reused))
        finished = _finish(symbol, months, output, haul)
        shutil.rmtree(parts, ignore_errors=True)
        return finished

    def _fetch(self, symbol: str, month: _Month, path: Path, haul: _Haul) -> Tape | None:
        """The bars of one month within its sessions. Kept as a part only when its last session has bars."""
        raw = self._bars(symbol, month)
        inside = _inside(raw, month.sessions)
        haul.left_out += int((~inside).sum())
        if not inside.any():
            return None
        label = Label(symbol=symbol, interval_ns=NS_PER_MINUTE, source=f"massive, adjusted, {month.span}")
        tape = make_tape(raw.take(inside), label)
        if tape.last_ns >= month.sessions[-1].open_ns:
            write_tape(tape, path)
        return tape

    def _bars(self, symbol: str, month: _Month) -> RawBars:
        first, last = month.sessions[0].date, month.sessions[-1].date
        bars = self._client.list_aggs(symbol, 1, "minute", first, last, adjusted=True, sort="asc", limit=PAGE_LIMIT)
        raw = _columns(list(bars))
        flaw = find_flaw(raw)
        if flaw is None:
            return raw
        at = utc_text(int(raw.open_ns[flaw.row]))
        raise UserError(f"{flaw.column} {flaw.what}", where=f"the server's {symbol} bar of {at} UTC")


def _finish(symbol: str, months: Sequence[_Month], output: Path, haul: _Haul) -> Downloaded:
    sessions = [session for month in months for session in month.sessions]
    if not haul.tapes:
        raise UserError(
            f"the server has no bars of {symbol} from {sessions[0].date} to {sessions[-1].date}",
            remedy="check the symbol, and that your plan covers these dates",
        )
    raw = RawBars(
        open_ns=np.concatenate([tape.open_ns for tape in haul.tapes]),
        **{name: np.concatenate([getattr(tape, name) for tape in haul.tapes]) for name in COLUMNS},
    )
    source = f"massive, adjusted, {sessions[0].date}_{sessions[-1].date}"
    tape = make_tape(raw, Label(symbol=symbol, interval_ns=NS_PER_MINUTE, source=source))
    path = output / tape_file_name(tape)
    write_tape(tape, path)
    spans = ((session.date, tape.rows(session.open_ns, session.close_ns)) for session in sessions)
    return Downloaded(
        symbol=symbol,
        path=path,
        bars=len(tape),
        left_out=haul.left_out,
        months_reused=haul.reused,
        empty_sessions=tuple(day for day, rows in spans if rows.stop == rows.start),
    )


def _kept(path: Path) -> Tape | None:
    """The month of an earlier run; one that cannot be read is fetched again."""
    if not path.exists():
        return None
    try:
        return read_tape(path)
    except UserError:
        return None


def _months(sessions: Sequence[Session]) -> tuple[_Month, ...]:
    groups = groupby(sessions, key=lambda session: session.date[:7])
    return tuple(_Month(tuple(group)) for _, group in groups)


def _inside(raw: RawBars, sessions: Sequence[Session]) -> NDArray[np.bool_]:
    inside = np.zeros(len(raw), dtype=bool)
    for session in sessions:
        inside |= (raw.open_ns >= session.open_ns) & (raw.open_ns < session.close_ns)
    return inside


def _columns(bars: Sequence[Any]) -> RawBars:
    """The SDK's aggregates as columns; a field the server left out becomes NaN and is refused by the checks."""

    def column(name: str) -> Floats:
        return np.array([_number(getattr(bar, name)) for bar in bars], dtype=np.float64)

    stamps = [bar.timestamp for bar in bars]
    if not all(isinstance(stamp, int) for stamp in stamps):
        raise UserError("the server sent a bar without a time", remedy="try again later")
    return RawBars(
        open_ns=np.array(stamps, dtype=np.int64) * NS_PER_MS,
        open=column("open"),
        high=column("high"),
        low=column("low"),
        close=column("close"),
        volume=column("volume"),
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _refuse_open_wire(base: str) -> None:
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"{base!r} is not a web address", where="--base-url", remedy="write it as https://HOST")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise UserError("the key would travel in the open", where="--base-url", remedy="use https://")
