"""Longer bars from shorter ones, known no earlier than their end: whole tapes at once, or slices as they come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.market.calendar import NS_PER_DAY, Calendar, iso_date
from rung.market.tape import Floats, Label, RawBars, Stamps, Tape, make_tape

Rows = NDArray[np.bool_]


def resample(tape: Tape, minutes: int, calendar: Calendar, until_ns: int | None = None) -> Tape:
    """Bars of `minutes` counted from each session's open: 09:30 in New York, 00:00 UTC for a market that never closes.

    A window is made of the bars there are; one without any is absent. A window is left out when it is not over at
    `until_ns` (the end of the tape's last bar when it is not said), and when its session closes before it ends (the
    last half hour of a day in hours): its end would not be known in time. Bars outside the sessions are not used.
    Raises UserError when the tape's bars do not fit into such windows, or none of them is whole.
    """
    window_ns = _window_ns(minutes, tape.interval_ns)
    until = tape.last_ns + tape.interval_ns if until_ns is None else until_ns
    starts, inside = _windows(tape, calendar, window_ns, until)
    if not inside.any():
        raise UserError(f"{tape.symbol} has no whole bar of {minutes} minutes", remedy="take shorter bars")
    used, raw = starts[inside], _columns(tape, inside)
    first = np.flatnonzero(np.concatenate(([True], np.diff(used) != 0)))
    last = np.append(first[1:], len(used)) - 1
    volume: Floats = np.bincount(_groups(first, len(used)), weights=raw.volume).astype(np.float64)
    label = Label(
        symbol=tape.symbol,
        interval_ns=window_ns,
        source=f"{tape.source} in bars of {minutes} minutes",
        synthetic=tape.synthetic,
        notes=tape.notes,
    )
    made = RawBars(
        open_ns=used[first],
        open=raw.open[first],
        high=np.maximum.reduceat(raw.high, first),
        low=np.minimum.reduceat(raw.low, first),
        close=raw.close[last],
        volume=volume,
    )
    return make_tape(made, label)


@dataclass(slots=True)
class _Draft:
    """A bar that is still growing."""

    symbol: str
    open: float
    high: float
    low: float
    close: float
    volume: float

    def take(self, bar: Bar) -> None:
        self.high = max(self.high, bar.high)
        self.low = min(self.low, bar.low)
        self.close = bar.close
        self.volume += bar.volume

    def bar(self, open_ns: int, interval_ns: int) -> Bar:
        return Bar(
            symbol=self.symbol, open_ns=open_ns, interval_ns=interval_ns,
            open=self.open, high=self.high, low=self.low, close=self.close, volume=self.volume,
        )  # fmt: skip


class Resampler:
    """`resample` for slices as they come: bar for bar the same.

    symbols : the order in which slices list them; others are passed over.
    A window is told at the first slice at or after its end. When nothing trades at that instant this is later than
    it was known: whoever has a clock calls `over` with it.
    """

    def __init__(self, minutes: int, symbols: Sequence[str]) -> None:
        self._minutes = minutes
        self._window_ns = minutes * NS_PER_MINUTE
        self._symbols = tuple(symbols)
        self._drafts: dict[str, _Draft] = {}
        self._session: Session | None = None
        self._start_ns = 0

    def push(self, event: Slice) -> tuple[Slice, ...]:
        """The slices of longer bars that are over with this slice, oldest first: none, one or two."""
        done = self.over(event.at_ns - 1)
        for symbol in self._symbols:
            bar = event.bars.get(symbol)
            if bar is not None:
                self._take(bar, event.session)
        return (*done, *self.over(event.at_ns))

    def over(self, now_ns: int) -> tuple[Slice, ...]:
        """The present window, when it has ended by `now_ns` and within its session; it is then forgotten."""
        session, end_ns = self._session, self._start_ns + self._window_ns
        if session is None or end_ns > now_ns:
            return ()
        drafts, self._drafts, self._session = self._drafts, {}, None
        if end_ns > session.close_ns:
            return ()
        bars = {s: drafts[s].bar(self._start_ns, self._window_ns) for s in self._symbols if s in drafts}
        return (Slice(at_ns=end_ns, session=session, bars=bars),)

    def _take(self, bar: Bar, session: Session) -> None:
        if self._window_ns % bar.interval_ns:
            raise _does_not_fit(self._minutes, bar.interval_ns)
        if not session.open_ns <= bar.open_ns <= session.close_ns - bar.interval_ns:
            return
        start = session.open_ns + (bar.open_ns - session.open_ns) // self._window_ns * self._window_ns
        if self._session is None or start != self._start_ns:
            self._drafts, self._session, self._start_ns = {}, session, start
        draft = self._drafts.get(bar.symbol)
        if draft is None:
            self._drafts[bar.symbol] = _Draft(bar.symbol, bar.open, bar.high, bar.low, bar.close, bar.volume)
        else:
            draft.take(bar)


class ResampledFeed:
    """A Feed of longer bars from a Feed of shorter ones. Iterating twice reads the source twice."""

    def __init__(self, source: Iterable[Slice], minutes: int, symbols: Sequence[str]) -> None:
        self._source = source
        self._minutes = minutes
        self._symbols = tuple(symbols)

    def __iter__(self) -> Iterator[Slice]:
        resampler = Resampler(self._minutes, self._symbols)
        for event in self._source:
            yield from resampler.push(event)


def _window_ns(minutes: int, interval_ns: int) -> int:
    window_ns = minutes * NS_PER_MINUTE
    if minutes < 1 or window_ns % interval_ns or window_ns > NS_PER_DAY:
        raise _does_not_fit(minutes, interval_ns)
    return window_ns


def _does_not_fit(minutes: int, interval_ns: int) -> UserError:
    return UserError(
        f"bars of {minutes} minutes cannot be made of bars of {interval_ns / NS_PER_MINUTE:g}",
        remedy="take a multiple of them, a day at most",
    )


def _windows(tape: Tape, calendar: Calendar, window_ns: int, until_ns: int) -> tuple[Stamps, Rows]:
    """Per bar the start of its window, and whether that window is used."""
    first_day, last_day = tape.first_ns // NS_PER_DAY - 1, tape.last_ns // NS_PER_DAY + 1
    sessions = calendar.sessions(iso_date(first_day), iso_date(last_day))
    if not sessions:
        raise UserError(f"{tape.symbol} has no bar in a session of {calendar.name}")
    opens = np.array([session.open_ns for session in sessions], dtype=np.int64)
    closes = np.array([session.close_ns for session in sessions], dtype=np.int64)
    row = np.searchsorted(opens, tape.open_ns, side="right") - 1
    open_ns, close_ns = opens[np.maximum(row, 0)], closes[np.maximum(row, 0)]
    starts = open_ns + (tape.open_ns - open_ns) // window_ns * window_ns
    ends = starts + window_ns
    inside = (row >= 0) & (tape.open_ns + tape.interval_ns <= close_ns) & (ends <= close_ns) & (ends <= until_ns)
    return starts, inside


def _groups(first: Stamps, count: int) -> Stamps:
    """Per bar the number of its window; sums by these run in the order of the bars, as a stream's do."""
    return np.repeat(np.arange(len(first), dtype=np.int64), np.diff(np.append(first, count)))


def _columns(tape: Tape, rows: Rows) -> RawBars:
    every = RawBars(
        open_ns=tape.open_ns, open=tape.open, high=tape.high, low=tape.low, close=tape.close, volume=tape.volume
    )
    return every.take(rows)
