"""One symbol, one bar: what the orders and the protection of that symbol would have done in it.

The order of events inside a bar is unknown, so it is chosen against us: market orders and openings first, then the
stop, then orders that could earn (resting exits, the profit target). Nothing fills on a bar without volume.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf

from rung.domain.bar import Bar
from rung.domain.fill import Fill, Trigger
from rung.domain.order import OrderKind, Side
from rung.simulation.book import SymbolBook, Working
from rung.simulation.models import Execution, FeeModel, LiquidityModel, SlippageModel
from rung.simulation.prices import against, exact, price_step, round_down

NS_PER_DAY = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class _Deal:
    """The terms of an execution. reference : the price before costs.   passive : it was resting."""

    reference: Decimal
    price: Decimal
    at_ns: int
    passive: bool


@dataclass(frozen=True, slots=True)
class Takeover:
    """The terms on which a venue closes a position itself: before costs, when, and why."""

    reference: Decimal
    at_ns: int
    reason: str


@dataclass(slots=True)
class Turn:
    """One bar being matched: how much room is left in it, the limits that act in it, and what has traded."""

    book: SymbolBook
    bar: Bar
    room: Decimal
    trusts_extremes: bool
    limits: Sequence[Working] = ()
    fills: list[Fill] = field(default_factory=list)


class Matcher:
    """Matches a symbol's book against a bar with the given models. Holds no state of its own."""

    def __init__(
        self,
        *,
        fees: FeeModel,
        slippage: SlippageModel,
        liquidity: LiquidityModel,
        flagged: Mapping[str, frozenset[int]],
    ) -> None:
        self._fees = fees
        self._slippage = slippage
        self._liquidity = liquidity
        self._flagged = flagged

    def match(self, book: SymbolBook, bar: Bar) -> Sequence[Fill]:
        """Every execution of this symbol in this bar, in the order assumed."""
        turn = self.against_us(book, bar)
        if turn is None:
            return ()
        self.for_us(turn)
        return turn.fills

    def against_us(self, book: SymbolBook, bar: Bar) -> Turn | None:
        """The first half of a bar: market orders, openings, the stop. None for a bar that is no market."""
        if not tradable(bar):
            return None
        turn = Turn(
            book=book,
            bar=bar,
            room=round_down(self._liquidity.room_base(bar), book.instrument.lot_size),
            trusts_extremes=bar.open_ns not in self._flagged.get(book.symbol, ()),
        )
        due = [w for w in book.working if w.acts_from_ns <= bar.open_ns]
        turn.limits = [w for w in due if w.order.kind is OrderKind.LIMIT]
        for working in due:
            if working.order.kind is OrderKind.MARKET:
                self._trade(turn, working, self._at_open(turn, working))
        for working in turn.limits:
            if not working.order.reduce_only:
                self._limit(turn, working)
        self._stop(turn)
        return turn

    def for_us(self, turn: Turn) -> None:
        """The second half: what could earn, resting exits and the profit target."""
        for working in turn.limits:
            if working.order.reduce_only:
                self._limit(turn, working)
        self._target(turn)
        turn.book.tidy()

    def crossed(self, book: SymbolBook, side: Side, quantity: Decimal, reference: Decimal, bar: Bar) -> Decimal:
        """`reference` with half-spread and slippage against `side`, rounded against it, never nothing or less."""
        cost = self._slippage.cost_per_unit_quote(reference, quantity, bar)
        step = price_step(book.instrument.tick_size)
        price = against(side, reference + side.sign * cost, step)
        return max(price, min(step, reference))

    def take_over(self, book: SymbolBook, bar: Bar, deal: Takeover) -> Fill:
        """Close the whole position for the venue: costs of crossing, no cap, no trading fee (it takes its own)."""
        working = book.liquidate(deal.at_ns, deal.reason)
        turn = Turn(book=book, bar=bar, room=working.remaining, trusts_extremes=True)
        price = self.crossed(book, working.order.side, working.remaining, deal.reference, bar)
        self._execute(turn, working, working.remaining, _Deal(deal.reference, price, deal.at_ns, False))
        return turn.fills[0]

    def _at_open(self, turn: Turn, working: Working) -> _Deal:
        return self._crossing(turn, working, exact(turn.bar.open), turn.bar.open_ns)

    def _crossing(self, turn: Turn, working: Working, reference: Decimal, at_ns: int) -> _Deal:
        """Taking liquidity at `reference`: half-spread and slippage against us, then rounding against us."""
        quantity = min(working.remaining, turn.room)
        price = self.crossed(turn.book, working.order.side, quantity, reference, turn.bar)
        return _Deal(reference, price, at_ns, False)

    def _limit(self, turn: Turn, working: Working) -> None:
        """At the open when it gapped through the limit, at the limit when traded through it, else not."""
        side, limit = working.order.side, working.order.limit_price
        assert limit is not None  # noqa: S101  (submit has refused a limit order without one)
        opened = exact(turn.bar.open)
        beyond = exact(turn.bar.low if side is Side.BUY else turn.bar.high)
        if (limit - opened) * side.sign > 0:
            deal = self._at_open(turn, working)
            worst = min(deal.price, limit) if side is Side.BUY else max(deal.price, limit)
            self._trade(turn, working, _Deal(deal.reference, worst, deal.at_ns, False))
        elif (limit - beyond) * side.sign > 0 and turn.trusts_extremes:
            self._trade(turn, working, _Deal(limit, limit, turn.bar.known_ns, True))

    def _stop(self, turn: Turn) -> None:
        """The protective stop: at the open when gapped through, else at its level, with costs in either case."""
        book, bar = turn.book, turn.bar
        if book.stop is None or book.stop_is_working:
            return
        side = Side.SELL if book.quantity > 0 else Side.BUY
        worst = exact(bar.low if side is Side.SELL else bar.high)
        if (book.stop - worst) * side.sign > 0:
            return
        level, opened = book.stop, exact(bar.open)
        gapped = (book.stop - opened) * side.sign <= 0
        stop = book.trigger_stop(bar)
        reference, at_ns = (opened, bar.open_ns) if gapped else (level, bar.known_ns)
        self._trade(turn, stop, self._crossing(turn, stop, reference, at_ns))

    def _target(self, turn: Turn) -> None:
        """The profit target: at its price, and only when the market traded beyond it."""
        book, bar = turn.book, turn.bar
        if book.target is None or book.stop_is_working or bar.open_ns < book.take_profit_from_ns:
            return
        sign = 1 if book.quantity > 0 else -1
        gapped = (exact(bar.open) - book.target) * sign > 0
        best = exact(bar.high if sign > 0 else bar.low)
        if not gapped and not (turn.trusts_extremes and (best - book.target) * sign > 0):
            return
        if turn.room > 0:
            book.withdraw_openings()
        at_ns = bar.open_ns if gapped else bar.known_ns
        self._trade(turn, book.rest_target(bar), _Deal(book.target, book.target, at_ns, True))

    def _trade(self, turn: Turn, working: Working, deal: _Deal) -> None:
        """Execute what the bar has room for; a reduce-only order never more than is held."""
        book, side = turn.book, working.order.side
        quantity = min(working.remaining, turn.room)
        closing = min(quantity, abs(book.quantity)) if book.reduces(side) else Decimal(0)
        if closing > 0:
            self._execute(turn, working, closing, deal)
        if quantity > closing and not working.order.reduce_only:
            self._execute(turn, working, quantity - closing, deal)
            book.opened_by(working, turn.bar)

    def _execute(self, turn: Turn, working: Working, quantity: Decimal, deal: _Deal) -> None:
        order, book = working.order, turn.book
        working.fills += 1
        working.remaining -= quantity
        turn.room -= quantity
        closes = book.reduces(order.side)
        covers = closes and order.side is Side.BUY
        execution = Execution(
            symbol=book.symbol,
            side=order.side,
            quantity=quantity,
            price=deal.price,
            at_ns=deal.at_ns,
            passive=deal.passive,
            nights_short=deal.at_ns // NS_PER_DAY - book.opened_ns // NS_PER_DAY if covers else 0,
        )
        book.apply(order.side, quantity, deal.price)
        turn.fills.append(
            Fill(
                fill_id=f"{order.order_id}.{working.fills}",
                order_id=order.order_id,
                at_ns=deal.at_ns,
                symbol=book.symbol,
                side=order.side,
                quantity=quantity,
                price=deal.price,
                reference_price=deal.reference,
                fee_quote=Decimal(0) if working.trigger is Trigger.LIQUIDATION else self._fees.fee_quote(execution),
                trigger=working.trigger,
                action=order.action,
                reason=order.reason,
                closes=closes,
            )
        )


def tradable(bar: Bar) -> bool:
    """A bar with volume and real prices. Anything else is no market: nothing fills and no stop can act."""
    return (
        0.0 < bar.volume < inf
        and 0.0 < bar.open < inf
        and 0.0 < bar.low < inf
        and 0.0 < bar.high < inf
        and 0.0 < bar.close < inf
    )
