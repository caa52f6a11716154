"""What is wanted → working orders, as the desk's allocator makes them, and what happens at a bar's close."""

from __future__ import annotations

import math

from rung.kernels.bars import layout as at
from rung.kernels.bars.book import Row, is_price, trail_ticks, watch, works
from rung.kernels.bars.grid import down, up
from rung.kernels.compiled import inlined


@inlined
def lots_for(rules: Row, value: float, close: float) -> float:
    """Whole lots that `value` buys at `close`, within the cap of a position; 0 when it buys none."""
    return down(max(min(value, rules[at.MOST_NOTIONAL]), 0.0) / (close * rules[at.LOT]))


@inlined
def ask(book: Row, rules: Row, wanted: float, close: float, session: float, trail: float) -> None:
    """Withdraw what works; then orders towards `wanted` lots (signed), an opening with this distance of its trail."""
    held = book[at.HELD]
    book[at.REDUCING] = book[at.OPENING] = book[at.STOPPING] = 0.0
    opening = 0.0
    if held * wanted > 0.0:
        if abs(wanted) < abs(held):
            book[at.REDUCING] = abs(held) - abs(wanted)
        else:
            opening = wanted - held
    else:
        book[at.REDUCING] = abs(held)
        opening = wanted
    if opening != 0.0 and abs(opening) * rules[at.LOT] * close >= rules[at.LEAST_POSITION]:
        book[at.OPENING] = opening
        book[at.SENT_IN] = session
        book[at.OPEN_TRAIL] = trail


@inlined
def decide(
    book: Row,
    rules: Row,
    wanted: float,
    crossed: bool,
    equity: float,
    close: float,
    session: float,
    trail: float,
) -> None:
    """A direction (−1, 0, 1) at the close of a bar: orders if the position, or what works, is not that.

    trail : distance of the ATR trailing stop of an opening, quote currency; 0 where it trails by a fraction, NaN for
    none.
    """
    held, asked = book[at.HELD], book[at.ASKED]
    stance = 0.0 if held == 0.0 else math.copysign(1.0, held)
    working = works(book)
    aim = wanted
    if wanted != 0.0 and wanted != stance:
        late = rules[at.ON_CROSS] != 0.0 and not crossed and not (working and asked == wanted)
        if late or (stance != 0.0 and rules[at.FLIPS] == 0.0):
            aim = 0.0
    if aim == stance and not (working and asked != aim):
        return
    book[at.ASKED] = aim
    value = rules[at.NOTIONAL] if rules[at.NOTIONAL] > 0.0 else rules[at.EQUITY_FRAC] * equity
    ask(book, rules, aim * lots_for(rules, value, close) if aim != 0.0 else 0.0, close, session, trail)


@inlined
def decide_weight(
    book: Row, rules: Row, weight: float, equity: float, close: float, session: float, trail: float
) -> None:
    """A target weight: a signed fraction of equity, 0 out. Without a price an entry only withdraws what works."""
    if weight == 0.0:
        ask(book, rules, 0.0, 0.0, session, trail)
    elif is_price(close):
        lots = lots_for(rules, abs(weight) * equity, close)
        ask(book, rules, math.copysign(lots, weight), close, session, trail)
    else:
        book[at.REDUCING] = book[at.OPENING] = book[at.STOPPING] = 0.0


@inlined
def follow(book: Row, rules: Row, close: float, trail: float) -> bool:
    """At a close: the trailing stop moves up behind the best close (down for a short), never back. True if it did.

    trail : distance by the ATR, quote currency; 0 where it trails by a fraction.
    """
    held = book[at.HELD]
    if held == 0.0 or not is_price(close) or not trail >= 0.0:
        return False
    sign = 1.0 if held > 0.0 else -1.0
    best, now = book[at.BEST], book[at.TRAIL]
    if now != now:
        best = close
    best = max(best, close) if sign > 0.0 else min(best, close)
    book[at.BEST] = best
    level = trail_ticks(rules, best, trail + rules[at.TRAIL_FRAC] * best, sign)
    if now != now or (level - now) * sign > 0.0:
        book[at.TRAIL] = level
        watch(book, rules)
        return True
    return False


@inlined
def fund(book: Row, purse: Row, rules: Row, due: float) -> None:
    """Pay `due`, quote currency, rounded against us to 1e-8; below 0 it is received."""
    steps = due * 1e8
    paid = up(steps) if steps > 0.0 else -down(-steps)
    paid *= rules[at.FEE_UNITS]
    purse[at.CASH] -= paid
    purse[at.CASH_QUOTE] = purse[at.CASH] * rules[at.UNIT]
    book[at.TRIP] -= paid
    book[at.FUNDING] += paid


@inlined
def note_equity(purse: Row, equity: float) -> None:
    """Keep the peak, the lowest equity since, and the deepest fall of any peak before."""
    purse[at.TROUGH] = min(purse[at.TROUGH], equity)
    if equity > purse[at.PEAK]:
        purse[at.WORST] = min(purse[at.WORST], purse[at.TROUGH] / purse[at.PEAK])
        purse[at.PEAK] = purse[at.TROUGH] = equity


@inlined
def note_day(purse: Row, equity: float) -> None:
    """The day that ends with `equity`: its simple return. Ruin, equity not above zero, is −1 and 0 for ever after.

    equity : 0 where it was not above zero at any close before.
    """
    start = purse[at.DAY_START]
    change = max(equity, 0.0) / start - 1.0 if start > 0.0 else 0.0
    purse[at.DAY_START] = equity if start > 0.0 else start
    purse[at.DAYS] += 1.0
    purse[at.RETURNS] += change
    purse[at.SQUARES] += change * change
