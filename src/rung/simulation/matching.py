"""One symbol, one bar: what the orders and the protection of that symbol would have done in it.

The order of events inside a bar is unknown, so it is chosen against us: market orders and openings first, then the
stop, then orders that could earn (resting exits, the profit target). Nothing fills on a bar without volume.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from rung.domain.bar import Bar
from rung.domain.fill import Fill, Trigger
from rung.domain.order import OrderKind, Side
from rung.simulation.book import ZERO, SymbolBook, Working
from rung.simulation.models import Execution, FeeModel, LiquidityModel, SlippageModel
from rung.simulation.prices import BUY, against, exact, round_down
from rung.simulation.turn import Turn, tradable

NS_PER_DAY = 86_400_000_000_000
MARKET, LIQUIDATION = OrderKind.MARKET, Trigger.LIQUIDATION


class _Deal(Struct, frozen=True, gc=False):
    """The terms of an execution. reference : the price before costs.   passive : it was resting."""

    reference: Decimal
    price: Decimal
    at_ns: int
    passive: bool


class Takeover(Struct, frozen=True, gc=False):
    """The terms on which a venue closes a position itself: before costs, when, and why."""

    reference: Decimal
    at_ns: int
    reason: str


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
        if not tradable(bar):
            return ()
        turn = Turn(book, bar, True, book.quantity, book.on_margin)
        self.against_us(turn)
        self.for_us(turn)
        return turn.fills

    def against_us(self, turn: Turn) -> None:
        """The first half of a bar: market orders, openings, the stop."""
        book, bar = turn.book, turn.bar
        turn.matched = True
        turn.room = round_down(self._liquidity.room_base(bar), book.instrument.lot_size)
        for working in book.working:
            if working.acts_from_ns > bar.open_ns:
                continue
            if working.order.kind is MARKET:
                self._trade(turn, working, self._crossing(turn, working, exact(bar.open), bar.open_ns))
            else:
                turn.limits.append(working)
        for working in turn.limits:
            if not working.order.reduce_only:
                self._limit(turn, working)
        if book.stop is not None:
            self._stop(turn, book.stop)

    def for_us(self, turn: Turn) -> None:
        """The second half: what could earn, resting exits and the profit target."""
        book = turn.book
        for working in turn.limits:
            if working.order.reduce_only:
                self._limit(turn, working)
        if book.target is not None:
            self._target(turn, book.target)
        book.tidy()

    def crossed(self, book: SymbolBook, side: Side, quantity: Decimal, reference: Decimal, bar: Bar) -> Decimal:
        """`reference` with half-spread and slippage against `side`, rounded against it, never nothing or less."""
        cost, step = self._slippage.cost_per_unit_quote(reference, quantity, bar), book.step
        price = against(side, reference + cost if side is BUY else reference - cost, step)
        least = reference if reference < step else step
        return least if least > price else price

    def take_over(self, turn: Turn, deal: Takeover) -> None:
        """Close the whole position for the venue: costs of crossing, no cap, no trading fee (it takes its own)."""
        book = turn.book
        working = book.liquidate(deal.at_ns, deal.reason)
        turn.ended, turn.room = True, working.remaining
        price = self.crossed(book, working.order.side, working.remaining, deal.reference, turn.bar)
        self._execute(turn, working, working.remaining, _Deal(deal.reference, price, deal.at_ns, False))

    def _crossing(self, turn: Turn, working: Working, reference: Decimal, at_ns: int) -> _Deal:
        """Taking liquidity at `reference`: half-spread and slippage against us, then rounding against us."""
        quantity = turn.room if turn.room < working.remaining else working.remaining
        price = self.crossed(turn.book, working.order.side, quantity, reference, turn.bar)
        return _Deal(reference, price, at_ns, False)

    def _limit(self, turn: Turn, working: Working) -> None:
        """At the open when it gapped through the limit, at the limit when traded through it, else not."""
        buys, limit, bar = working.sign > 0, working.order.limit_price, turn.bar
        assert limit is not None  # noqa: S101  (submit has refused a limit order without one)
        opened = exact(bar.open)
        if opened < limit if buys else opened > limit:
            price = self._crossing(turn, working, opened, bar.open_ns).price
            worst = min(price, limit) if buys else max(price, limit)
            self._trade(turn, working, _Deal(opened, worst, bar.open_ns, False))
        elif self._trusts_extremes(turn) and (exact(bar.low) < limit if buys else exact(bar.high) > limit):
            self._trade(turn, working, _Deal(limit, limit, bar.known_ns, True))

    def _trusts_extremes(self, turn: Turn) -> bool:
        return turn.bar.open_ns not in self._flagged.get(turn.book.symbol, ())

    def _stop(self, turn: Turn, level: Decimal) -> None:
        """The protective stop: at the open when gapped through, else at its level, with costs in either case."""
        book, bar = turn.book, turn.bar
        is_long = book.sign > 0
        if (book.floor < bar.low if is_long else bar.high < book.ceiling) or book.stop_is_working:
            return
        worst = exact(bar.low if is_long else bar.high)
        if worst > level if is_long else worst < level:
            return
        opened = exact(bar.open)
        gapped = opened <= level if is_long else opened >= level
        reference, at_ns = (opened, bar.open_ns) if gapped else (level, bar.known_ns)
        stop = book.trigger_stop(bar)
        self._trade(turn, stop, self._crossing(turn, stop, reference, at_ns))

    def _target(self, turn: Turn, level: Decimal) -> None:
        """The profit target: at its price, and only when the market traded beyond it."""
        book, bar = turn.book, turn.bar
        if bar.open_ns < book.take_profit_from_ns or book.stop_is_working:
            return
        is_long = book.sign > 0
        opened = exact(bar.open)
        gapped = opened > level if is_long else opened < level
        if not gapped:
            best = exact(bar.high if is_long else bar.low)
            if not self._trusts_extremes(turn) or not (best > level if is_long else best < level):
                return
        if turn.room > 0:
            book.withdraw_openings()
        at_ns = bar.open_ns if gapped else bar.known_ns
        self._trade(turn, book.rest_target(bar), _Deal(level, level, at_ns, True))

    def _trade(self, turn: Turn, working: Working, deal: _Deal) -> None:
        """Execute what the bar has room for; a reduce-only order never more than is held."""
        book, closing = turn.book, ZERO
        quantity = turn.room if turn.room < working.remaining else working.remaining
        if book.sign == -working.sign:
            closing = min(quantity, abs(book.quantity))
            if closing > 0:
                self._execute(turn, working, closing, deal)
        if quantity > closing and not working.order.reduce_only:
            self._execute(turn, working, quantity - closing, deal)
            book.opened_by(working, turn.bar)

    def _execute(self, turn: Turn, working: Working, quantity: Decimal, deal: _Deal) -> None:
        order, book, sign = working.order, turn.book, working.sign
        working.fills += 1
        working.remaining -= quantity
        turn.room -= quantity
        closes = book.sign == -sign
        execution = Execution(
            symbol=book.symbol,
            side=order.side,
            quantity=quantity,
            price=deal.price,
            at_ns=deal.at_ns,
            passive=deal.passive,
            nights_short=deal.at_ns // NS_PER_DAY - book.opened_ns // NS_PER_DAY if closes and sign > 0 else 0,
        )
        book.apply(sign, quantity, deal.price)
        if book.on_margin:
            turn.on_margin = True
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
                fee_quote=ZERO if working.trigger is LIQUIDATION else self._fees.fee_quote(execution),
                trigger=working.trigger,
                action=order.action,
                reason=order.reason,
                closes=closes,
            )
        )
