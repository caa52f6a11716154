"""Recorded tapes as a Feed: session by session, all symbols aligned on the instant their bars became known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rung.domain.bar import Bar
from rung.domain.errors import UserError
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.market.calendar import Calendar, required_sessions
from rung.market.new_york import NS_PER_DAY
from rung.market.tape import Tape


class TapeFeed:
    """Yields a Slice for every instant at which at least one symbol's bar closed.

    start, end : ISO dates of the exchange, both included.   Only bars that lie whole within a session are replayed.
    Iterating twice yields the same slices twice. Raises UserError when the period has no session (naming those
    nearby) or the tapes have no bar in it (naming what they cover), and when a symbol comes twice.
    """

    def __init__(self, tapes: Sequence[Tape], calendar: Calendar, start: str, end: str) -> None:
        self._tapes = tuple(tapes)
        _refuse_twins(self._tapes)
        self._sessions = tuple(required_sessions(calendar, start, end))
        if self.bars == 0:
            raise UserError(f"the tapes have no bar from {start} to {end}", remedy=_coverage(self._tapes, calendar))

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The sessions of the period, with or without bars."""
        return self._sessions

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols in the order in which every slice lists them."""
        return tuple(tape.symbol for tape in self._tapes)

    @property
    def bars(self) -> int:
        """How many bars one iteration replays."""
        return sum(
            rows.stop - rows.start
            for session in self._sessions
            for rows in (tape.rows(session.open_ns, session.close_ns) for tape in self._tapes)
        )

    @property
    def empty_sessions(self) -> tuple[Session, ...]:
        """Sessions of the period in which no symbol has a bar: nothing is replayed there."""
        return tuple(session for session in self._sessions if not any(self._columns(session)))

    @property
    def left_out(self) -> Mapping[str, int]:
        """Bars within the period but outside its sessions, by symbol; symbols without any are not listed."""
        first = self._sessions[0].open_ns // NS_PER_DAY * NS_PER_DAY
        stop = -(-self._sessions[-1].close_ns // NS_PER_DAY) * NS_PER_DAY
        counts: Counter[str] = Counter()
        for tape in self._tapes:
            every = tape.rows(first, stop)
            inside = (tape.rows(session.open_ns, session.close_ns) for session in self._sessions)
            counts[tape.symbol] = every.stop - every.start - sum(rows.stop - rows.start for rows in inside)
        return {symbol: count for symbol, count in counts.items() if count}

    def __len__(self) -> int:
        """How many slices one iteration yields."""
        return sum(len(self._instants(session)) for session in self._sessions)

    def __iter__(self) -> Iterator[Slice]:
        for session in self._sessions:
            yield from self._slices(session)

    def _slices(self, session: Session) -> Iterator[Slice]:
        instants = self._instants(session)
        columns = [self._aligned(tape, session, instants) for tape in self._tapes]
        for at_ns, row in zip(instants.tolist(), zip(*columns, strict=True), strict=True):
            bars = {bar.symbol: bar for bar in row if bar is not None}
            yield Slice(at_ns=at_ns, session=session, bars=bars)

    def _columns(self, session: Session) -> list[int]:
        spans = (tape.rows(session.open_ns, session.close_ns) for tape in self._tapes)
        return [rows.stop - rows.start for rows in spans]

    def _instants(self, session: Session) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """When anything became known in this session: sorted, distinct."""
        known = [tape.open_ns[tape.rows(session.open_ns, session.close_ns)] + tape.interval_ns for tape in self._tapes]
        return np.unique(np.concatenate(known))

    @staticmethod
    def _aligned(
        tape: Tape, session: Session, instants: np.ndarray[tuple[int], np.dtype[np.int64]]
    ) -> Sequence[Bar | None]:
        rows = tape.rows(session.open_ns, session.close_ns)
        bars = _bars(tape, rows)
        if len(bars) == len(instants):
            return bars
        column: list[Bar | None] = [None] * len(instants)
        places = np.searchsorted(instants, tape.open_ns[rows] + tape.interval_ns)
        for place, bar in zip(places.tolist(), bars, strict=True):
            column[place] = bar
        return column


def _bars(tape: Tape, rows: slice) -> list[Bar]:
    """The chosen rows as Bars, oldest first."""
    symbol, interval_ns = tape.symbol, tape.interval_ns
    columns = (tape.open_ns, tape.open, tape.high, tape.low, tape.close, tape.volume)
    return [
        Bar(
            symbol=symbol, open_ns=open_ns, interval_ns=interval_ns,
            open=open_, high=high, low=low, close=close, volume=volume,
        )
        for open_ns, open_, high, low, close, volume in zip(*(c[rows].tolist() for c in columns), strict=True)
    ]  # fmt: skip


def _refuse_twins(tapes: Sequence[Tape]) -> None:
    if not tapes:
        raise UserError("no tapes to replay", remedy="give --symbols or another --data folder")
    twins = [symbol for symbol, count in Counter(tape.symbol for tape in tapes).items() if count > 1]
    if twins:
        raise UserError(f"{twins[0]} is given twice", remedy="name each symbol once")


def _coverage(tapes: Sequence[Tape], calendar: Calendar) -> str:
    first = calendar.session_of(min(tape.first_ns for tape in tapes))
    last = calendar.session_of(max(tape.last_ns for tape in tapes))
    if first is None or last is None:
        return f"they lie outside the sessions of {calendar.name}"
    return f"they cover {first.date} to {last.date}"
