"""A second simulator, written only from docs/concepts/assumptions.md: one symbol, plain lists, no models, no speed.

It shares no code with `rung.simulation`. Half-spread and slippage are one number of quote currency per unit, the
participation cap one fraction; fees are none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

D = Decimal
ZERO, TICK, GRID = D(0), D("0.01"), D("0.0001")


@dataclass
class PlainOrder:
    name: str
    sign: int
    left: Decimal
    reduce_only: bool
    from_ns: int
    day: str
    limit: Decimal | None = None
    stop: float | None = None
    target: float | None = None
    trigger: str = "ORDER"
    opened: bool = False
    outdated: bool = False


@dataclass
class PlainBar:
    open_ns: int
    known_ns: int
    day: str
    o: Decimal
    h: Decimal
    l: Decimal  # noqa: E741
    c: Decimal
    v: Decimal
    false_print: bool = False


Trade = tuple[str, int, Decimal, Decimal, Decimal, str, int, bool]
"""name, sign, quantity, reference, price, trigger, at_ns, closes"""


@dataclass
class PlainVenue:
    cost: Decimal
    cap: Decimal
    orders: list[PlainOrder] = field(default_factory=list)
    held: Decimal = ZERO
    paid: Decimal = ZERO
    stop: float | None = None
    target: float | None = None
    no_target_before: int = 0
    room: Decimal = ZERO
    trades: list[Trade] = field(default_factory=list)

    def cancel(self) -> None:
        self.orders = []

    def protect(self, stop: float | None, target: float | None) -> None:
        if self.held != 0:
            self.stop, self.target = stop, target
            for order in self.orders:
                order.outdated = True

    def new_day(self, day: str) -> None:
        self.orders = [o for o in self.orders if o.reduce_only or o.day == day]

    def level(self, move: float | None, sign: int) -> Decimal | None:
        """`sign` +1 is the profitable direction."""
        if move is None:
            return None
        up = sign * (1 if self.held > 0 else -1)
        raw = self.paid / self.held * (1 + up * D(repr(move)))
        return (raw / TICK).to_integral_value(ROUND_CEILING if up > 0 else ROUND_FLOOR) * TICK

    def crossing(self, sign: int, reference: Decimal) -> Decimal:
        raw = reference + sign * self.cost
        return (raw / GRID).to_integral_value(ROUND_CEILING if sign > 0 else ROUND_FLOOR) * GRID

    def deal(self, order: PlainOrder, reference: Decimal, price: Decimal, at_ns: int, bar: PlainBar) -> None:
        want = min(order.left, self.room)
        opposite = self.held * order.sign < 0
        closing = min(want, abs(self.held)) if opposite else D(0)
        opening = D(0) if order.reduce_only else want - closing
        if closing > 0:
            whole = closing == abs(self.held)
            share = self.paid if whole else (self.paid * closing / abs(self.held)).quantize(D("0.00000001"))
            self.paid -= share
            self.record(order, closing, reference, price, at_ns, True)
            if whole:
                self.paid, self.stop, self.target, self.no_target_before = D(0), None, None, 0
                for each in self.orders:
                    each.outdated = False
        if opening > 0:
            brings_its_own = not order.opened and (order.stop is not None or order.target is not None)
            brings_its_own = brings_its_own and not order.outdated
            if self.held == 0 or brings_its_own:
                self.stop, self.target = order.stop, order.target
            order.opened = True
            self.paid += opening * price * order.sign
            self.no_target_before = bar.known_ns
            self.record(order, opening, reference, price, at_ns, False)

    def record(self, o: PlainOrder, q: Decimal, reference: Decimal, price: Decimal, at_ns: int, closes: bool) -> None:
        self.held += q * o.sign
        self.room -= q
        o.left -= q
        self.trades.append((o.name, o.sign, q, reference, price, o.trigger, at_ns, closes))

    def see(self, bar: PlainBar, session_end_ns: int) -> None:
        if bar.v > 0:
            self.match(bar)
        if bar.known_ns >= session_end_ns:
            self.new_day("")

    def match(self, bar: PlainBar) -> None:
        self.room = (bar.v * self.cap).to_integral_value(ROUND_FLOOR)
        ready = [o for o in self.orders if o.from_ns <= bar.open_ns]
        for o in ready:
            if o.limit is None:
                self.deal(o, bar.o, self.crossing(o.sign, bar.o), bar.open_ns, bar)
        self.limits([o for o in ready if not o.reduce_only], bar)
        self.check_stop(bar)
        self.limits([o for o in ready if o.reduce_only], bar)
        self.check_target(bar)
        self.orders = [o for o in self.orders if o.left > 0 and not (o.reduce_only and self.held * o.sign >= 0)]

    def limits(self, orders: list[PlainOrder], bar: PlainBar) -> None:
        for o in orders:
            if o.limit is None:
                continue
            extreme = bar.l if o.sign > 0 else bar.h
            if bar.o * o.sign < o.limit * o.sign:
                price = self.crossing(o.sign, bar.o)
                if price * o.sign > o.limit * o.sign:
                    price = o.limit
                self.deal(o, bar.o, price, bar.open_ns, bar)
            elif extreme * o.sign < o.limit * o.sign and not bar.false_print:
                self.deal(o, o.limit, o.limit, bar.known_ns, bar)

    def drop_openings(self) -> None:
        for o in self.orders:
            if not o.reduce_only:
                o.left = D(0)

    def check_stop(self, bar: PlainBar) -> None:
        if self.held == 0 or any(o.trigger == "STOP" for o in self.orders):
            return
        level, exit_sign = self.level(self.stop, -1), -1 if self.held > 0 else 1
        if level is None:
            return
        worst = bar.l if exit_sign < 0 else bar.h
        if worst * exit_sign < level * exit_sign:
            return
        self.drop_openings()
        order = PlainOrder("stop", exit_sign, abs(self.held), True, bar.known_ns, "", trigger="STOP")
        self.orders.append(order)
        gapped = bar.o * exit_sign >= level * exit_sign
        reference, at_ns = (bar.o, bar.open_ns) if gapped else (level, bar.known_ns)
        self.deal(order, reference, self.crossing(exit_sign, reference), at_ns, bar)

    def check_target(self, bar: PlainBar) -> None:
        stopped = any(o.trigger == "STOP" for o in self.orders)
        if self.held == 0 or stopped or bar.open_ns < self.no_target_before:
            return
        level, side = self.level(self.target, 1), 1 if self.held > 0 else -1
        if level is None:
            return
        best = bar.h if side > 0 else bar.l
        gapped = bar.o * side > level * side
        through = best * side > level * side and not bar.false_print
        if (gapped or through) and self.room > 0:
            self.drop_openings()
            order = PlainOrder("target", -side, abs(self.held), True, 0, "", trigger="TAKE_PROFIT")
            self.deal(order, level, level, bar.open_ns if gapped else bar.known_ns, bar)
