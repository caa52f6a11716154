"""The kernel's slow twin: exact decimals, one small method per rule, written from docs/concepts/assumptions.md.

Same contract as the compiled portfolio, another arithmetic. It is also a basket: every symbol has a book, all pay from
one purse. Tests hold it to the kernels on one side and the desk to the kernels on the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from rung.kernels.bars.layout import ENTRY, EXIT, KEEP, STOPPED, TOOK_PROFIT, TRAILED
from rung.kernels.bars.params import BPS, MONEY_STEP, BarRules

ZERO = Decimal(0)
PlainBar = tuple[float, float, float, float, float]
"""open, high, low, close, volume; NaN throughout for a bar that is missing."""


@dataclass(frozen=True, slots=True)
class PlainFill:
    """One execution. lots : signed."""

    bar: int
    book: int
    lots: int
    price: Decimal
    fee: Decimal
    why: int


@dataclass(slots=True)
class PlainBook:
    """What is held of one symbol, what works, and what guards it.

    trip : money since last flat.   distance : of the trailing stop the working opening was sent with, NaN for none.
    """

    number: int
    held: int = 0
    cost: Decimal = ZERO
    reducing: int = 0
    opening: int = 0
    stopping: int = 0
    stop_why: int = STOPPED
    asked: int = 0
    signal: int = KEEP
    stop: Decimal | None = None
    target: Decimal | None = None
    trail: Decimal | None = None
    distance: float = math.nan
    best: float = 0.0
    opened_at: int = 0
    mark: Decimal = ZERO
    trip: Decimal = ZERO
    trips: list[Decimal] = field(default_factory=list)

    @property
    def works(self) -> bool:
        return bool(self.reducing or self.opening or self.stopping)

    @property
    def stance(self) -> int:
        return (self.held > 0) - (self.held < 0)


def exact(value: float) -> Decimal:
    return Decimal(repr(float(value)))


def to_grid(value: Decimal, step: Decimal, up: bool) -> Decimal:
    return (value / step).to_integral_value(ROUND_CEILING if up else ROUND_FLOOR) * step


def is_price(value: float) -> bool:
    return 0.0 < value < math.inf


class ReferencePortfolio:
    """Feed `bars` row by row with `step`; read `fills`, `equity`, `books`, `worst_frac`, `daily`."""

    def __init__(self, rules: BarRules, symbols: int = 1) -> None:
        self.rules = rules
        self.cash = rules.capital_quote
        self.books = [PlainBook(number) for number in range(symbols)]
        self.fills: list[PlainFill] = []
        self.equity: list[Decimal] = []
        self.fees = self.funding = ZERO
        self.peak, self.worst = rules.capital_quote, Decimal(1)
        self.daily: list[float] = []
        self._day_start = float(rules.capital_quote)
        self._session: int | None = None
        self.distance = math.nan
        self._room = 0
        self._row = -1

    def step(self, bars: Sequence[PlainBar], session: int, funding: Sequence[float] = ()) -> None:
        """One row: funding, fills, marks, equity."""
        self._row += 1
        if session != self._session:
            if self._session is not None:
                self.end_day()
            self._session = session
            for book in self.books:
                book.opening = book.opening if self.rules.openings_last else 0
        for book, rate in zip(self.books, funding, strict=False):
            self._fund(book, rate)
        for book, bar in zip(self.books, bars, strict=True):
            if all(is_price(number) for number in bar):
                self._match(book, bar)
            if is_price(bar[3]):
                book.mark = exact(bar[3])
        now = self.cash + sum((b.held * self.rules.lot_size * b.mark for b in self.books), ZERO)
        self.equity.append(now)
        self.peak = max(self.peak, now)
        self.worst = min(self.worst, now / self.peak)

    def end_day(self) -> None:
        """Call once more after the last row."""
        now = float(self.equity[-1]) if self.worst > 0 else 0.0
        self.daily.append(now / self._day_start - 1.0 if self._day_start > 0.0 else 0.0)
        self._day_start = now if self._day_start > 0.0 else self._day_start

    def ask_direction(self, wanted: int, close: float) -> None:
        """What the first book decides at the close of this row."""
        book = self.books[0]
        if wanted == KEEP or not is_price(close):
            return
        crossed, book.signal = wanted != book.signal, wanted
        aim = wanted
        if wanted not in (0, book.stance):
            waits = book.works and book.asked == wanted
            if (self.rules.only_on_cross and not crossed and not waits) or (book.stance and not self.rules.flips):
                aim = 0
        if aim == book.stance and not (book.works and book.asked != aim):
            return
        book.asked = aim
        value = self.rules.notional_quote
        if value is None:
            value = exact(self.rules.equity_frac or 0.0) * self.equity[-1]
        self._ask(book, aim * self._lots(value, close), close)

    def ask_weight(self, number: int, weight: float, close: float) -> None:
        """A target weight of one book; NaN: no decision."""
        book = self.books[number]
        if math.isnan(weight):
            return
        if weight != 0.0 and not is_price(close):
            book.reducing = book.opening = book.stopping = 0
            return
        lots = self._lots(abs(exact(weight)) * self.equity[-1], close) if weight != 0.0 else 0
        self._ask(book, lots if weight > 0.0 else -lots, close)

    def trail_behind(self, close: float, atr: float) -> None:
        """The first book's trailing stop, at the close of this row, before it decides."""
        book = self.books[0]
        self.distance = 0.0 if self.rules.trail_atr is None else self.rules.trail_atr * atr
        if book.held == 0 or not is_price(close) or math.isnan(self.distance):
            return
        toward: Callable[[float, float], float] = max if book.held > 0 else min
        book.best = toward(book.best, close) if book.trail is not None else close
        level = self._trail(book.best, self.distance, book.stance)
        if book.trail is None or (level - book.trail) * book.stance > 0:
            book.trail = level

    def _lots(self, value: Decimal, close: float) -> int:
        most = self.rules.max_notional_quote
        value = max(value if most is None else min(value, most), ZERO)
        return int((value / (exact(close) * self.rules.lot_size)).to_integral_value(ROUND_FLOOR))

    def _ask(self, book: PlainBook, wanted: int, close: float) -> None:
        book.stopping = 0
        if book.held * wanted > 0:
            book.reducing = max(abs(book.held) - abs(wanted), 0)
            book.opening = wanted - book.held if abs(wanted) > abs(book.held) else 0
        else:
            book.reducing, book.opening = abs(book.held), wanted
        if book.opening:
            size = abs(book.opening) * self.rules.lot_size * exact(close)
            book.opening = book.opening if size >= self.rules.min_position_quote else 0
            book.distance = self.distance

    def _match(self, book: PlainBook, bar: PlainBar) -> None:
        share = self.rules.max_participation_frac
        volume = exact(bar[4]) * (1 if share is None else share) / self.rules.lot_size
        self._room = int(volume.to_integral_value(ROUND_FLOOR)) if share is not None else 10**30
        stop_worked, opened = book.stopping > 0, exact(bar[0])
        if book.reducing:
            book.reducing -= self._leave(book, book.reducing, opened, EXIT)
        if book.opening:
            self._enter(book, opened)
        if stop_worked:
            book.stopping -= self._leave(book, book.stopping, opened, book.stop_why)
        elif not self._stop(book, bar):
            self._target(book, bar)
        if book.held == 0:
            book.reducing = book.stopping = 0

    def _leave(self, book: PlainBook, lots: int, reference: Decimal, why: int) -> int:
        size = min(lots, self._room, abs(book.held))
        if size:
            signed = -book.stance * size
            self._fill(book, signed, self._crossing(signed, reference), why)
        return size

    def _enter(self, book: PlainBook, opened: Decimal) -> None:
        size = min(abs(book.opening), self._room)
        if size == 0:
            return
        sign = 1 if book.opening > 0 else -1
        price = self._crossing(sign, opened)
        if book.held == 0 and not math.isnan(book.distance):
            book.best = float(price)
            book.trail = self._trail(book.best, book.distance, sign)
        book.opening -= sign * size
        book.opened_at = self._row
        self._fill(book, sign * size, price, ENTRY)

    def _stop(self, book: PlainBook, bar: PlainBar) -> bool:
        levels = [level for level in (book.stop, book.trail) if level is not None]
        if not levels or book.held == 0:
            return False
        level = max(levels) if book.held > 0 else min(levels)
        opened, worst = exact(bar[0]), exact(bar[2] if book.held > 0 else bar[1])
        if (worst - level) * book.stance > 0:
            return False
        why = STOPPED if level == book.stop else TRAILED
        book.opening, book.stopping, book.stop_why = 0, abs(book.held), why
        gapped = (opened - level) * book.stance <= 0
        book.stopping -= self._leave(book, book.stopping, opened if gapped else level, why)
        return True

    def _target(self, book: PlainBook, bar: PlainBar) -> None:
        if book.target is None or book.held == 0 or self._row <= book.opened_at or self._room == 0:
            return
        best = max(bar[0], bar[1]) if book.held > 0 else min(bar[0], bar[2])
        if (exact(best) - book.target) * book.stance > 0:
            book.opening = 0
            self._fill(book, -book.stance * min(abs(book.held), self._room), book.target, TOOK_PROFIT)

    def _crossing(self, signed: int, reference: Decimal) -> Decimal:
        rules = self.rules
        cost = max(reference * rules.half_spread_bps * BPS, rules.min_half_spread_quote)
        cost += reference * rules.slippage_bps * BPS
        price = reference + cost if signed > 0 else reference - cost
        return max(to_grid(price, rules.step_size, up=signed > 0), rules.step_size)

    def _fill(self, book: PlainBook, signed: int, price: Decimal, why: int) -> None:
        value = abs(signed) * self.rules.lot_size * price
        rate = self.rules.maker_bps if why == TOOK_PROFIT else self.rules.taker_bps
        fee = to_grid(value * rate * BPS, MONEY_STEP, up=True)
        if why == ENTRY:
            book.cost += value
        elif abs(signed) < abs(book.held):
            book.cost -= (book.cost * abs(signed) / abs(book.held)).quantize(MONEY_STEP, ROUND_HALF_EVEN)
        book.held += signed
        self._pay(book, value * (1 if signed > 0 else -1) + fee)
        self.fees += fee
        self._room -= abs(signed)
        self.fills.append(PlainFill(self._row, book.number, signed, price, fee, why))
        if book.held == 0:
            book.trips.append(book.trip)
            book.trip = book.cost = ZERO
            book.trail = None
        self._guard(book)

    def _guard(self, book: PlainBook) -> None:
        book.stop = book.target = None
        if book.held == 0:
            return
        average = book.cost / (abs(book.held) * self.rules.lot_size)
        loss, gain = self.rules.stop_frac, self.rules.take_profit_frac
        if loss is not None:
            level = average * (1 - book.stance * exact(loss))
            book.stop = to_grid(level, self.rules.tick_size, up=book.held < 0)
        if gain is not None:
            level = average * (1 + book.stance * exact(gain))
            book.target = to_grid(level, self.rules.tick_size, up=book.held > 0)

    def _trail(self, best: float, distance: float, sign: int) -> Decimal:
        distance += (self.rules.trail_frac or 0.0) * best
        ticks = exact(round(max((best - sign * distance) / float(self.rules.tick_size), 0.0), 9))
        return to_grid(ticks, Decimal(1), up=sign < 0) * self.rules.tick_size

    def _fund(self, book: PlainBook, rate: float) -> None:
        if rate != 0.0 and book.held != 0:
            due = to_grid(book.held * self.rules.lot_size * book.mark * exact(rate), MONEY_STEP, up=True)
            self.funding += due
            self._pay(book, due)

    def _pay(self, book: PlainBook, amount: Decimal) -> None:
        self.cash -= amount
        book.trip -= amount
