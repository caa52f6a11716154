"""What the venue holds for one symbol: orders that still work, the position, and what guards it."""

from __future__ import annotations

from decimal import Decimal
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from rung.domain.bar import Bar
from rung.domain.fill import Trigger
from rung.domain.instrument import Instrument
from rung.domain.order import Order, OrderKind, Side
from rung.domain.target import Action, Protection
from rung.simulation.prices import BUY, exact, price_step, round_down, round_up
from rung.simulation.trailing import Trail

ZERO = Decimal(0)
COST_STEP = Decimal("0.00000001")
CANCEL, LIQUIDATION = OrderKind.CANCEL, Trigger.LIQUIDATION


class Working(Struct, eq=False, gc=False):
    """An order the venue has not finished. It acts on bars that open at or after `acts_from_ns`.

    sign : 1 buys, -1 sells.   fills : executions so far.
    session : date of the session it was sent in, empty until that is known; an opening order dies with it.
    """

    order: Order
    sign: int
    remaining: Decimal
    acts_from_ns: int
    seq: int
    session: str
    trigger: Trigger = Trigger.ORDER
    fills: int = 0


class Instruction(Struct, frozen=True, gc=False):
    """A cancel or a change of protection on its way."""

    order: Order
    acts_from_ns: int
    seq: int


class SymbolBook:
    """State of one symbol. Knows arithmetic and order of arrival; knows neither prices of a bar nor fees.

    sign : 1 long, -1 short, 0 nothing held.
    on_margin : something is held that can lose more than was paid for it: a perpetual, or anything short.
    last : the newest bar that was a market while there was something here.
    floor, ceiling : float levels; a bar strictly between them touches neither stop nor target. A float is the nearest
    one to its decimal, and rounding to the nearest keeps order: floats that differ lie like their decimals do.
    step : of execution prices.
    """

    __slots__ = (
        "ceiling", "cost", "floor", "guarded_seq", "instrument", "is_perpetual", "last", "on_margin", "opened_ns",
        "opening", "protection", "quantity", "resting_target", "seq", "sign", "step", "stop", "stops_triggered",
        "symbol", "take_profit_from_ns", "target", "trail", "waiting", "working",
    )  # fmt: skip

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.symbol = instrument.symbol
        self.is_perpetual = instrument.is_perpetual
        self.step = price_step(instrument.tick_size)
        self.last: Bar | None = None
        self.working: list[Working] = []
        self.waiting: list[Instruction] = []
        self.seq = 0
        self._forget_position()

    def _forget_position(self) -> None:
        self.quantity = ZERO
        self.sign = 0
        self.on_margin = False
        self.cost = ZERO
        self.opening: Order | None = None
        self.opened_ns = 0
        self.resting_target: Working | None = None
        self.stops_triggered = 0
        self.take_profit_from_ns = 0
        self.guarded_seq = 0
        self.trail: Trail | None = None
        self._guard(None)

    @property
    def working_id(self) -> str:
        """The order that stands for the symbol: one that adds risk before one that cuts it."""
        for working in self.working:
            if not working.order.reduce_only:
                return working.order.order_id
        return self.working[0].order.order_id

    @property
    def stop_is_working(self) -> bool:
        return any(w.trigger is Trigger.STOP for w in self.working)

    def work(self, order: Order, acts_from_ns: int, session: str) -> None:
        self.seq += 1
        sign = 1 if order.side is BUY else -1
        self.working.append(Working(order, sign, order.quantity, acts_from_ns, self.seq, session))

    def instruct(self, order: Order, acts_from_ns: int) -> None:
        self.seq += 1
        self.waiting.append(Instruction(order, acts_from_ns, self.seq))

    def obey(self, until_ns: int) -> bool:
        """Apply the instructions that have arrived by `until_ns`, in order of sending; True if there were any."""
        due = [i for i in self.waiting if i.acts_from_ns <= until_ns]
        for instruction in due:
            self.waiting.remove(instruction)
            if instruction.order.kind is CANCEL:
                self.working = [w for w in self.working if w.seq > instruction.seq]
            elif self.sign:
                self.guarded_seq = instruction.seq
                self._guard(instruction.order.protection, instruction.order.reference_price)
        return bool(due)

    def expire_openings(self, session: str) -> bool:
        """Openings are day orders: those of another session than `session` die; True if any did."""
        kept = [w for w in self.working if w.order.reduce_only or w.session == session]
        died = len(kept) < len(self.working)
        self.working = kept
        return died

    def withdraw_openings(self) -> None:
        for working in self.working:
            if not working.order.reduce_only:
                working.remaining = ZERO

    def withdraw(self) -> None:
        """Nothing works any more."""
        for working in self.working:
            working.remaining = ZERO
        self.working = []

    def tidy(self) -> None:
        """Forget finished orders, and reduce-only orders that have nothing left to reduce."""
        closing = -self.sign
        self.working = [w for w in self.working if w.remaining and (not w.order.reduce_only or w.sign == closing)]

    def apply(self, sign: int, quantity: Decimal, price: Decimal) -> None:
        """Book an execution that does not cross zero: average cost on the way in, its share out on the way out."""
        signed = quantity if sign > 0 else -quantity
        if sign != -self.sign:
            self.cost += signed * price
            self.sign = sign
            self.on_margin = sign < 0 or self.is_perpetual
        elif quantity < abs(self.quantity):
            self.cost += (self.cost * signed / self.quantity).quantize(COST_STEP)
        self.quantity += signed
        if not self.quantity:
            self._forget_position()
        elif self.protection is not None:
            self._guard(self.protection)

    def opened_by(self, working: Working, bar: Bar) -> None:
        """After an opening execution: the order's stop guards from now on, its profit target from the next bar on."""
        order = working.order
        if self.opening is None:
            self.opening, self.opened_ns = order, bar.open_ns
            self._guard(order.protection, self.cost / self.quantity)
        elif working.fills == 1 and order.protection is not None and working.seq > self.guarded_seq:
            self._guard(order.protection, order.reference_price)
        self.take_profit_from_ns = bar.known_ns

    def trigger_stop(self, bar: Bar) -> Working:
        """The stop becomes a market order for the whole position; openings of the symbol are withdrawn."""
        self.withdraw_openings()
        self.stops_triggered += 1
        self.seq += 1
        order = self._protective(bar.open_ns, f"s{self.stops_triggered}", Action.STOP_LOSS, self._stop_words)
        stop = Working(order, -self.sign, order.quantity, bar.known_ns, self.seq, "", Trigger.STOP)
        self.working.append(stop)
        return stop

    def liquidate(self, at_ns: int, reason: str) -> Working:
        """Everything that works is withdrawn; the order for the whole position is one the venue fills itself."""
        self.working = []
        order = self._protective(at_ns, "l", Action.EXIT, reason)
        self.seq += 1
        return Working(order, -self.sign, order.quantity, at_ns, self.seq, "", LIQUIDATION)

    def rest_target(self, bar: Bar) -> Working:
        """The take-profit order, for what is held now and where it is now. Its id lives as long as the position."""
        words = f"profit target at {self.target}"
        resting = self.resting_target
        if resting is None:
            order = self._protective(bar.open_ns, "t", Action.PROFIT_TARGET, words)
            resting = Working(order, -self.sign, order.quantity, bar.open_ns, 0, "", Trigger.TAKE_PROFIT)
            self.resting_target = resting
        elif resting.order.reason != words:
            resting.order = replace(resting.order, reason=words)
        resting.remaining = abs(self.quantity)
        return resting

    def _protective(self, at_ns: int, leg: str, action: Action, reason: str) -> Order:
        assert self.opening is not None  # noqa: S101  (a position has an order that opened it)
        return Order(
            order_id=f"{self.opening.order_id}-{leg}",
            at_ns=at_ns,
            symbol=self.symbol,
            side=Side.SELL if self.sign > 0 else BUY,
            kind=OrderKind.MARKET,
            quantity=abs(self.quantity),
            reference_price=self.cost / self.quantity,
            reduce_only=True,
            action=action,
            reason=reason,
            strategy=self.opening.strategy,
        )

    @property
    def _stop_words(self) -> str:
        trailing = (
            self.trail is not None
            and self.stop == self.trail.level
            and self.stop != self._fixed_stop(self.cost / self.quantity)
        )
        return f"trailing stop at {self.stop}" if trailing else f"stop at {self.stop}"

    def follow_stop(self) -> None:
        """The trailing stop goes after the closes seen; for the next bar."""
        if self.trail is not None and self.trail.moved:
            self._guard(self.protection)

    def note_close(self, bar: Bar | None) -> None:
        """The trailing stop sees the close of a bar that is over."""
        if self.trail is not None and bar is not None:
            self.trail.see(bar.close, is_long=self.sign > 0)

    def _guard(self, protection: Protection | None, begin: Decimal = ZERO) -> None:
        """Set the levels from the average entry price, each rounded to the tick away from it.

        begin : where a trailing stop that was not there before begins.
        """
        self.protection = protection
        self.stop = self.target = None
        self.floor, self.ceiling = -inf, inf
        if protection is None or not self.sign:
            self.trail = None
            return
        is_long, entry = self.sign > 0, self.cost / self.quantity
        gain = protection.take_profit_frac
        self.stop = self._fixed_stop(entry)
        if protection.trails:
            self.trail = self.trail or Trail(begin)
            level = self.trail.follow(protection, self.instrument.tick_size, is_long=is_long)
            nearer = max if is_long else min
            self.stop = level if self.stop is None else nearer(level, self.stop)
        else:
            self.trail = None
        self.target = self._level(entry, gain if is_long else -gain) if gain is not None else None
        low, high = (self.stop, self.target) if is_long else (self.target, self.stop)
        self.floor = float(low) if low is not None else -inf
        self.ceiling = float(high) if high is not None else inf

    def _fixed_stop(self, entry: Decimal) -> Decimal | None:
        loss = None if self.protection is None else self.protection.stop_frac
        return None if loss is None else self._level(entry, -loss if self.sign > 0 else loss)

    def _level(self, entry: Decimal, move_frac: float) -> Decimal:
        """The average entry price moved by `move_frac`, on the tick grid, never nearer than asked."""
        round_away = round_up if move_frac > 0 else round_down
        return round_away(entry * (1 + exact(move_frac)), self.instrument.tick_size)
