"""Other futures: the same bars up to an instant, and then something else."""

from __future__ import annotations

import zlib
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from rung.lab.tapes import Market
from rung.market.replay import TapeFeed
from rung.market.tape import COLUMNS, PRICES, Floats, Label, RawBars, Tape, make_tape

if TYPE_CHECKING:
    from numpy.typing import NDArray

STEP = 0.01
"""Deviation of a scrambled bar's step, in logs: several times what a minute of any market moves."""
SHIFT = 0.07


class Future(StrEnum):
    """What comes instead. Up and down both, so that whatever depends on the next bar's direction meets the other one.

    raised, lowered : all prices 7 % higher, 7 % lower.   scrambled : the bars in another order along another path,
    volumes too.   removed : nothing comes any more.
    """

    RAISED = "raised"
    LOWERED = "lowered"
    SCRAMBLED = "scrambled"
    REMOVED = "removed"


def changed(raw: RawBars, is_future: NDArray[np.bool_], future: Future, seed: int) -> RawBars:
    """The bars with another future. is_future : (n,) True where a bar is not known yet.

    The past keeps every bit; prices stay positive and every bar keeps its own high above its own low. Same seed, same
    bars.
    """
    if future is Future.REMOVED:
        return raw.take(~is_future)
    rows = np.flatnonzero(is_future)
    if not len(rows):
        return raw
    columns: dict[str, Floats] = {name: np.array(getattr(raw, name)) for name in COLUMNS}
    if future is Future.SCRAMBLED:
        chance = np.random.default_rng(seed)
        order = chance.permutation(rows)
        path = np.exp(np.clip(chance.normal(0.0, STEP, len(rows)).cumsum(), -2.0, 2.0))
        for name in COLUMNS:
            columns[name][rows] = columns[name][order] * (path if name in PRICES else 3.0)
    else:
        for name in PRICES:
            columns[name][rows] *= 1.0 + SHIFT if future is Future.RAISED else 1.0 - SHIFT
    return RawBars(open_ns=raw.open_ns, **columns)


def seed_of(symbol: str, known_ns: int) -> int:
    """Another path for every symbol and cut, the same in every run."""
    return zlib.crc32(f"{symbol} {known_ns}".encode())


def changed_market(market: Market, known_ns: int, future: Future) -> Market:
    """The market in which everything that becomes known after `known_ns` is another; the period stays."""
    tapes = tuple(_changed_tape(market, tape, known_ns, future) for tape in market.tapes)
    feed = TapeFeed(tapes, market.calendar, market.start, market.end)
    return replace(market, tapes=tapes, feed=feed)


def _changed_tape(market: Market, tape: Tape, known_ns: int, future: Future) -> Tape:
    rows = market.rows(tape)
    raw = RawBars(open_ns=tape.open_ns, **{name: getattr(tape, name) for name in COLUMNS}).take(rows)
    other = changed(raw, raw.open_ns + tape.interval_ns > known_ns, future, seed_of(tape.symbol, known_ns))
    label = Label(symbol=tape.symbol, interval_ns=tape.interval_ns, source=tape.source, synthetic=tape.synthetic)
    return make_tape(other, label, content_id=f"{future} after {known_ns}")
