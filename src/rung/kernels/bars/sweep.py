"""Many crossovers over one tape: combinations of one period share its rolling sum and advance eight at a time.

Every bar looks at eight combinations with a handful of vector instructions; only those on which something happens
(an order, a stop, a new peak, another direction) take the portfolio's own scalar path. So the results are the
portfolio's, bit for bit, and memory holds a few hundred bytes per combination of the period at hand, nothing per bar.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from rung.kernels.bars import layout as at
from rung.kernels.bars.book import Columns, Row, Table, crossing_steps, is_price, is_tradable, match, works
from rung.kernels.bars.decide import decide, follow, fund, note_day
from rung.kernels.bars.lanes import ALL, add8, below8, least8, lowest_bit
from rung.kernels.compiled import entry, inlined
from rung.kernels.learner.lanes import LANES, load8, mul8, splat8, store8

CASH, BASE, FLOOR, CEILING, PEAK, TROUGH, UPPER, LOWER = range(0, 64, LANES)
"""Offsets in the 64 numbers every bar reads of eight combinations."""
HOT = 64
WORKS, LONG, SHORT, WAS_LONG, WAS_SHORT, DECIDED = range(6)
"""Bits per lane: an order works; held long, short; the newest direction; whether there was one."""
FLAGS = 8
Bits = NDArray[np.int64]


@entry
def run_lanes(
    columns: Columns, steps: Row, decides: NDArray[np.int8], period: int, includes_current: bool, rules: Row,
    books: Table, hot: Row, bits: Bits,
) -> None:  # fmt: skip
    """All combinations of one period over every bar. `books`, `hot` and `bits` come from `ready`.

    steps : closes in whole price steps, 0 where there is no price.   decides : 1 on bars that the cadence lets decide.
    """
    open_, high, low, close, volume, session, funding, atr = columns
    by_atr, funded, blocks = rules[at.TRAIL_ATR] > 0.0, len(funding) > 0, len(books) // LANES
    still = 0.0 if rules[at.TRAIL_FRAC] > 0.0 else math.nan
    now = session[0] if len(session) else 0
    mark, total, seen, tail = math.nan, 0.0, 0, 0
    for t in range(len(close)):
        if session[t] != now:
            now = session[t]
            _new_session(books, hot, bits, rules, mark)
        tradable = is_tradable(open_[t], high[t], low[t], close[t], volume[t])
        priced, before = is_price(close[t]), mark
        if priced:
            mark = close[t]
            if includes_current:
                total, seen = total + steps[t], seen + 1
            while seen > period:
                total, seen, tail = total - steps[tail], seen - int(steps[tail] > 0.0), tail + 1
        speaks = priced and seen == period and decides[t] != 0
        trail = rules[at.TRAIL_ATR] * atr[t] if by_atr else still
        rate = funding[t] if funded else 0.0
        buys, sells = crossing_steps(rules, open_[t], 1.0), crossing_steps(rules, open_[t], -1.0)
        for b in range(blocks):
            if rate != 0.0 and (bits[b * FLAGS + LONG] | bits[b * FLAGS + SHORT]) != 0:
                _fund_lanes(books, hot, bits, b, rules, before * rate)
            if tradable:
                _match_lanes(books, hot, bits, b, rules, t, open_[t], high[t], low[t], volume[t], buys, sells)
            if mark == mark:
                _mark_lanes(books, hot, b, mark)
            if trail == trail:
                _follow_lanes(books, hot, bits, b, rules, close[t], trail)
            if speaks:
                _decide_lanes(books, hot, bits, b, rules, total, steps[t] * period, close[t], float(now), trail)
        if priced and not includes_current:
            total, seen = total + steps[t], seen + 1
    _finish(books, hot, mark)


@inlined
def _refresh(books: Table, hot: Row, bits: Bits, b: int, lane: int) -> None:
    """Copy what every bar looks at from the book to its lane."""
    book, place, flags, bit = books[b * LANES + lane], b * HOT + lane, b * FLAGS, 1 << lane
    hot[place + CASH], hot[place + BASE] = book[at.CASH_QUOTE], book[at.HELD_BASE]
    hot[place + FLOOR], hot[place + CEILING] = book[at.FLOOR], book[at.CEILING]
    held = book[at.HELD]
    bits[flags + LONG] = (bits[flags + LONG] & ~bit) | (bit if held > 0.0 else 0)
    bits[flags + SHORT] = (bits[flags + SHORT] & ~bit) | (bit if held < 0.0 else 0)
    bits[flags + WORKS] = (bits[flags + WORKS] & ~bit) | (bit if works(book) else 0)


@inlined
def _match_lanes(
    books: Table,
    hot: Row,
    bits: Bits,
    b: int,
    rules: Row,
    t: int,
    open_: float,
    high: float,
    low: float,
    volume: float,
    buys: float,
    sells: float,
) -> None:
    """Fills of the lanes that have an order, or whose levels the bar reaches."""
    place = b * HOT
    calm = below8(load8(hot, place + FLOOR), splat8(low)) & below8(splat8(high), load8(hot, place + CEILING))
    touched = (calm ^ ALL) | bits[b * FLAGS + WORKS]
    while touched != 0:
        lane = lowest_bit(touched)
        touched &= touched - 1
        book = books[b * LANES + lane]
        match(book, book, rules, books[:0], t, open_, high, low, volume, buys, sells)
        _refresh(books, hot, bits, b, lane)


@inlined
def _fund_lanes(books: Table, hot: Row, bits: Bits, b: int, rules: Row, per_unit: float) -> None:
    held = bits[b * FLAGS + LONG] | bits[b * FLAGS + SHORT]
    while held != 0:
        lane = lowest_bit(held)
        held &= held - 1
        book = books[b * LANES + lane]
        fund(book, book, rules, book[at.HELD_BASE] * per_unit)
        _refresh(books, hot, bits, b, lane)


@inlined
def _mark_lanes(books: Table, hot: Row, b: int, mark: float) -> None:
    """Equity of all lanes; the lowest since the peak is kept for all, a new peak lane by lane."""
    place = b * HOT
    equity = add8(load8(hot, place + CASH), mul8(load8(hot, place + BASE), splat8(mark)))
    store8(hot, place + TROUGH, least8(equity, load8(hot, place + TROUGH)))
    higher = below8(load8(hot, place + PEAK), equity)
    while higher != 0:
        lane = lowest_bit(higher)
        higher &= higher - 1
        book, spot = books[b * LANES + lane], place + lane
        book[at.WORST] = min(book[at.WORST], hot[spot + TROUGH] / hot[spot + PEAK])
        hot[spot + PEAK] = hot[spot + TROUGH] = hot[spot + CASH] + hot[spot + BASE] * mark


@inlined
def _follow_lanes(books: Table, hot: Row, bits: Bits, b: int, rules: Row, close: float, trail: float) -> None:
    held = bits[b * FLAGS + LONG] | bits[b * FLAGS + SHORT]
    while held != 0:
        lane = lowest_bit(held)
        held &= held - 1
        if follow(books[b * LANES + lane], rules, close, trail):
            _refresh(books, hot, bits, b, lane)


@inlined
def _decide_lanes(
    books: Table,
    hot: Row,
    bits: Bits,
    b: int,
    rules: Row,
    total: float,
    scaled: float,
    close: float,
    session: float,
    trail: float,
) -> None:
    """Directions of all lanes; those that hold, or work for, something else decide."""
    place, flags = b * HOT, b * FLAGS
    sums, now = splat8(total), splat8(scaled)
    long = below8(mul8(sums, load8(hot, place + UPPER)), now)
    short = below8(now, mul8(sums, load8(hot, place + LOWER)))
    crossed = (long ^ bits[flags + WAS_LONG]) | (short ^ bits[flags + WAS_SHORT]) | (bits[flags + DECIDED] ^ ALL)
    bits[flags + WAS_LONG], bits[flags + WAS_SHORT], bits[flags + DECIDED] = long, short, ALL
    other = (long ^ bits[flags + LONG]) | (short ^ bits[flags + SHORT]) | bits[flags + WORKS]
    while other != 0:
        lane = lowest_bit(other)
        other &= other - 1
        book, bit = books[b * LANES + lane], 1 << lane
        wanted = (1.0 if long & bit else 0.0) - (1.0 if short & bit else 0.0)
        equity = hot[place + lane + CASH] + hot[place + lane + BASE] * close
        decide(book, rules, wanted, crossed & bit != 0, equity, close, session, trail)
        bits[flags + WORKS] = (bits[flags + WORKS] & ~bit) | (bit if works(book) else 0)


@inlined
def _new_session(books: Table, hot: Row, bits: Bits, rules: Row, mark: float) -> None:
    """The day ends for every lane, and with it what was not opened, unless openings last."""
    for i in range(len(books)):
        b, lane = i // LANES, i % LANES
        spot = b * HOT + lane
        _end_day(books[i], hot, spot, mark)
        if rules[at.OPENINGS_LAST] == 0.0:
            books[i][at.OPENING] = 0.0
        _refresh(books, hot, bits, b, lane)


@inlined
def _end_day(book: Row, hot: Row, spot: int, mark: float) -> None:
    """The day's return; an account that was once not above zero has nothing."""
    equity = hot[spot + CASH] + (hot[spot + BASE] * mark if hot[spot + BASE] != 0.0 else 0.0)
    note_day(book, equity if min(hot[spot + TROUGH], book[at.WORST]) > 0.0 else 0.0)


@inlined
def _finish(books: Table, hot: Row, mark: float) -> None:
    for i in range(len(books)):
        book, spot = books[i], i // LANES * HOT + i % LANES
        _end_day(book, hot, spot, mark)
        book[at.PEAK], book[at.TROUGH] = hot[spot + PEAK], hot[spot + TROUGH]
        book[at.WORST] = min(book[at.WORST], book[at.TROUGH] / book[at.PEAK])


def ready(books: Table, bands: Row) -> tuple[Row, Bits]:
    """What every bar looks at of new `books` (a multiple of eight of them) with these bands: (hot, bits)."""
    blocks = len(books) // LANES
    hot, bits = np.zeros((blocks, HOT // LANES, LANES)), np.zeros(blocks * FLAGS, np.int64)
    columns = {CASH: at.CASH_QUOTE, BASE: at.HELD_BASE, FLOOR: at.FLOOR, CEILING: at.CEILING, PEAK: at.PEAK}
    for place, field in (columns | {TROUGH: at.TROUGH}).items():
        hot[:, place // LANES, :] = books[:, field].reshape(blocks, LANES)
    hot[:, UPPER // LANES, :] = (1.0 + bands).reshape(blocks, LANES)
    hot[:, LOWER // LANES, :] = (1.0 - bands).reshape(blocks, LANES)
    return hot.ravel(), bits
