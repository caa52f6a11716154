"""One book against one bar: fills, average cost, levels. The order of events is the desk's simulator's.

Inside a bar: the working exit, the working opening, a stop that still works, then the stop, then the profit target.
`book` is a row of state, `purse` the row whose cash pays: its own, or a common one.
"""

from __future__ import annotations

import math
import sys

import numpy as np
from numpy.typing import NDArray

from rung.kernels.bars import layout as at
from rung.kernels.bars.grid import against, down, share, up
from rung.kernels.bars.lanes import counted
from rung.kernels.compiled import inlined

Row = NDArray[np.float64]
Table = NDArray[np.float64]
Columns = tuple[Row, Row, Row, Row, Row, NDArray[np.int64], Row, Row]
"""open, high, low, close, volume, session, funding, atr: one row per bar; the last two may be empty."""
LARGEST = sys.float_info.max


@inlined
def is_tradable(open_: float, high: float, low: float, close: float, volume: float) -> bool:
    """A bar with volume and real prices; on any other nothing fills and nothing is triggered."""
    priced = is_price(open_) and is_price(high) and is_price(low) and is_price(close)
    return priced and is_price(volume)


@inlined
def is_price(number: float) -> bool:
    """Positive and finite."""
    return (number > 0.0) & (number <= LARGEST)


@inlined
def crossing_steps(rules: Row, reference: float, sign: float) -> float:
    """Price of taking liquidity at `reference`, in steps: half-spread and slippage against us, rounded against us."""
    cost = max(reference * rules[at.HALF_SPREAD], rules[at.LEAST_SPREAD]) + reference * rules[at.SLIPPAGE]
    steps = (reference + sign * cost) * rules[at.STEP_PRICE]
    return max(against(steps, sign), 1.0)


@inlined
def tick_price(rules: Row, ticks: float) -> float:
    """The double nearest to a level: what a tape's price on that level reads as."""
    return ticks * rules[at.TICK_STEPS] * rules[at.STEP_NUM] / rules[at.STEP_DEN]


@inlined
def guard(book: Row, rules: Row) -> None:
    """Levels from the average entry price, each on the tick and never nearer than asked; flat: none."""
    held = book[at.HELD]
    if held == 0.0:
        book[at.STOP] = book[at.TARGET] = book[at.TRAIL] = math.nan
        book[at.FLOOR], book[at.CEILING] = -math.inf, math.inf
        return
    loss, gain = book[at.STOP_FRAC], book[at.TAKE_FRAC]
    if loss == loss or gain == gain:
        sign = math.copysign(1.0, held)
        average = book[at.COST] / (abs(held) * rules[at.TICK_UNITS])
        book[at.STOP] = against(average * (1.0 - sign * loss), -sign)
        book[at.TARGET] = against(average * (1.0 + sign * gain), sign)
    watch(book, rules)


@inlined
def stop_level(book: Row) -> float:
    """Ticks of the stop or of the trailing stop, whichever is nearer; NaN without both."""
    stop, trail = book[at.STOP], book[at.TRAIL]
    if trail != trail:
        return stop
    if stop != stop:
        return trail
    return max(stop, trail) if book[at.HELD] > 0.0 else min(stop, trail)


@inlined
def watch(book: Row, rules: Row) -> None:
    """The prices a bar must reach before anything can happen."""
    stop, target = stop_level(book), book[at.TARGET]
    if stop == stop:
        stop = tick_price(rules, stop)
    if target == target:
        target = tick_price(rules, target)
    is_long = book[at.HELD] > 0.0
    low, high = (stop, target) if is_long else (target, stop)
    book[at.FLOOR] = low if low == low else -math.inf
    book[at.CEILING] = high if high == high else math.inf


@inlined
def fill(
    book: Row, purse: Row, rules: Row, log: Table, bar: int, sign: float, size: float, steps: float, why: int
) -> None:
    """Book one execution that does not cross zero: ENTRY opens, everything else closes."""
    held, signed = book[at.HELD], sign * size
    value = size * steps
    rate = rules[at.MAKER] if why == at.TOOK_PROFIT else rules[at.TAKER]
    fee = up(value * rate) * rules[at.FEE_UNITS]
    change = -signed * steps * rules[at.STEP_UNITS] - fee
    purse[at.CASH] += change
    purse[at.CASH_QUOTE] = purse[at.CASH] * rules[at.UNIT]
    book[at.TRIP] += change
    book[at.FEES] += fee
    if why == at.ENTRY:
        book[at.COST] += value * rules[at.STEP_UNITS]
    elif size < abs(held):
        whole = abs(held) * rules[at.FEE_UNITS]
        book[at.COST] -= share(book[at.COST], size, whole) * rules[at.FEE_UNITS]
    held += signed
    book[at.HELD] = held
    book[at.HELD_BASE] = held * rules[at.LOT]
    if why != at.ENTRY and held == 0.0:
        close_trip(book)
    guard(book, rules)
    note_fill(book, log, bar, signed, steps, fee, why)


@inlined
def close_trip(book: Row) -> None:
    trip = book[at.TRIP]
    book[at.COST] = book[at.TRIP] = 0.0
    book[at.TRADES] += 1.0
    book[at.WINS] += 1.0 if trip > 0.0 else 0.0
    book[at.PROFIT] += max(trip, 0.0)
    book[at.LOSS] += max(-trip, 0.0)


@inlined
def note_fill(book: Row, log: Table, bar: int, signed: float, steps: float, fee: float, why: int) -> None:
    """Append to the log; what does not fit is only counted (row 0 holds the count)."""
    if len(log) > 0:
        row = counted(int(log[0, 0]) + 1)
        log[0, 0] = row
        if row < len(log):
            log[row, at.FILL_BAR], log[row, at.FILL_BOOK] = bar, book[at.BOOK]
            log[row, at.FILL_LOTS], log[row, at.FILL_STEPS] = signed, steps
            log[row, at.FILL_FEE], log[row, at.FILL_WHY] = fee, why
            log[row, at.FILL_HELD] = book[at.HELD]


@inlined
def works(book: Row) -> bool:
    """True while an order is not finished (the resting target is none of them)."""
    return book[at.REDUCING] != 0.0 or book[at.OPENING] != 0.0 or book[at.STOPPING] != 0.0


@inlined
def match(
    book: Row,
    purse: Row,
    rules: Row,
    log: Table,
    bar: int,
    open_: float,
    high: float,
    low: float,
    volume: float,
    buys: float,
    sells: float,
) -> None:
    """Everything a tradable bar does to a book.

    buys, sells : price of crossing the spread at the open, in steps (the same for every book).
    """
    room = down(volume * rules[at.SHARE]) if rules[at.SHARE] < math.inf else math.inf
    stop_works = book[at.STOPPING] != 0.0
    if book[at.REDUCING] != 0.0:
        size = min(min(book[at.REDUCING], room), abs(book[at.HELD]))
        book[at.REDUCING] -= size
        room = leave(book, purse, rules, log, bar, buys, sells, size, room, at.EXIT)
    if book[at.OPENING] != 0.0:
        room = open_up(book, purse, rules, log, bar, buys, sells, room)
    if stop_works:
        size = min(min(book[at.STOPPING], room), abs(book[at.HELD]))
        book[at.STOPPING] -= size
        room = leave(book, purse, rules, log, bar, buys, sells, size, room, int(book[at.STOP_WHY]))
    elif book[at.HELD] != 0.0 and (low <= book[at.FLOOR] or high >= book[at.CEILING]):
        stopped = check_stop(book, purse, rules, log, bar, open_, high, low, buys, sells, room)
        if not stopped:
            check_target(book, purse, rules, log, bar, open_, high, low, room)
    if book[at.HELD] == 0.0:
        book[at.REDUCING] = book[at.STOPPING] = 0.0


@inlined
def leave(
    book: Row,
    purse: Row,
    rules: Row,
    log: Table,
    bar: int,
    buys: float,
    sells: float,
    size: float,
    room: float,
    why: int,
) -> float:
    """Close `size` lots at the price of its side; answers the room that is left."""
    if size > 0.0:
        is_long = book[at.HELD] > 0.0
        fill(book, purse, rules, log, bar, -1.0 if is_long else 1.0, size, sells if is_long else buys, why)
    return room - size


@inlined
def open_up(
    book: Row,
    purse: Row,
    rules: Row,
    log: Table,
    bar: int,
    buys: float,
    sells: float,
    room: float,
) -> float:
    """Fill what there is room for of the working opening; its stop acts at once, its target from the next bar."""
    wanted = book[at.OPENING]
    sign = math.copysign(1.0, wanted)
    size = min(abs(wanted), room)
    if size <= 0.0:
        return room
    steps = buys if wanted > 0.0 else sells
    start_trail = book[at.OPEN_TRAIL]
    if book[at.HELD] == 0.0 and start_trail == start_trail:
        entry = steps * rules[at.STEP_NUM] / rules[at.STEP_DEN]
        book[at.BEST] = entry
        book[at.TRAIL] = trail_ticks(rules, entry, start_trail + rules[at.TRAIL_FRAC] * entry, sign)
    book[at.OPENING] = wanted - sign * size
    book[at.OPENED_AT] = bar
    fill(book, purse, rules, log, bar, sign, size, steps, at.ENTRY)
    return room - size


@inlined
def trail_ticks(rules: Row, best: float, distance: float, sign: float) -> float:
    """The level `distance` quote units behind `best`, on the tick, never nearer."""
    per_price = rules[at.STEP_PRICE] / rules[at.TICK_STEPS]
    level = max((best - sign * distance) * per_price, 0.0)
    return against(level, -sign)


@inlined
def check_stop(
    book: Row,
    purse: Row,
    rules: Row,
    log: Table,
    bar: int,
    open_: float,
    high: float,
    low: float,
    buys: float,
    sells: float,
    room: float,
) -> bool:
    """True when the stop was touched: openings are withdrawn, and all that is held is for sale."""
    ticks, is_long = stop_level(book), book[at.HELD] > 0.0
    if ticks != ticks:
        return False
    level = tick_price(rules, ticks)
    if (is_long and low > level) or (not is_long and high < level):
        return False
    why = at.STOPPED if ticks == book[at.STOP] else at.TRAILED
    book[at.OPENING], book[at.STOP_WHY] = 0.0, why
    is_gap = open_ <= level if is_long else open_ >= level
    held = abs(book[at.HELD])
    size = min(held, room)
    book[at.STOPPING] = held - size
    if not is_gap:
        buys, sells = crossing_steps(rules, level, 1.0), crossing_steps(rules, level, -1.0)
    leave(book, purse, rules, log, bar, buys, sells, size, room, why)
    return True


@inlined
def check_target(
    book: Row,
    purse: Row,
    rules: Row,
    log: Table,
    bar: int,
    open_: float,
    high: float,
    low: float,
    room: float,
) -> None:
    """The profit target: at its price, when the market traded beyond it, from the bar after the newest opening on."""
    ticks, held = book[at.TARGET], book[at.HELD]
    if ticks != ticks or bar <= book[at.OPENED_AT] or room <= 0.0:
        return
    level = tick_price(rules, ticks)
    if (held > 0.0 and max(open_, high) > level) or (held < 0.0 and min(open_, low) < level):
        book[at.OPENING] = 0.0
        size = min(abs(held), room)
        sign = -math.copysign(1.0, held)
        fill(book, purse, rules, log, bar, sign, size, ticks * rules[at.TICK_STEPS], at.TOOK_PROFIT)
