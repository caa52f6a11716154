"""A simulated venue that also takes what holding costs and ends accounts whose margin is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import inf

from rung.domain.charge import Charge, ChargeKind
from rung.domain.errors import Refusable, UserError
from rung.domain.fill import Fill
from rung.domain.instrument import Instrument
from rung.domain.order import Order
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.verdicts import Approved
from rung.simulation.book import ZERO
from rung.simulation.calm import Box, Calm, Quiet, box_of
from rung.simulation.carry import Carry, Held
from rung.simulation.margin import MarginAccount, dust_quote, way_to_ruin
from rung.simulation.matching import Takeover
from rung.simulation.models import BorrowModel, FeeModel, FundingModel, LatencyModel, LiquidityModel, SlippageModel
from rung.simulation.prices import round_up
from rung.simulation.turn import Turn, tradable
from rung.simulation.venue import LIMIT, MARKET, NOTHING_FLAGGED, SimVenue

ONE, CENT = Decimal(1), Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeModels:
    """What a trade costs and how much of the market it may be."""

    fees: FeeModel
    slippage: SlippageModel
    liquidity: LiquidityModel
    latency: LatencyModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Financing:
    """What holding costs. funding may be None only where nothing is a perpetual; borrow None where nobody lends.

    margin : the account that is liquidated when it runs dry; None where nothing is held on margin.
    """

    funding: FundingModel | None
    borrow: BorrowModel | None
    margin: MarginAccount | None


class FinancedVenue(SimVenue):
    """SimVenue with funding, borrow and liquidation, in this order within a slice:

    what fell due up to the bars' open · the margin at the open · market orders, openings and stops · what fell due
    inside the bars · the margin at every position's worst price · resting exits and targets. Bars without volume are no
    bars: a position then rests on its newest close.

    Liquidation closes every perpetual and every short at once, whatever the participation cap says: at the bar's
    extreme, but not beyond the prices at which nothing is left (of several symbols: all moving together from open to
    extreme); when the bars opened beyond that, at the open. Half-spread and slippage are in these prices. It is said:
    fills carry Trigger.LIQUIDATION and a reason with the numbers.
    """

    def __init__(
        self,
        *,
        models: TradeModels,
        financing: Financing,
        instruments: Mapping[str, Instrument],
        flagged: Mapping[str, frozenset[int]] = NOTHING_FLAGGED,
    ) -> None:
        super().__init__(
            fees=models.fees,
            slippage=models.slippage,
            liquidity=models.liquidity,
            latency=models.latency,
            instruments=instruments,
            flagged=flagged,
        )
        _refuse_unfinanced(instruments, financing)
        self._carry = Carry(financing.funding, financing.borrow)
        self._margin = financing.margin
        self._charges: list[Charge] = []
        self._calm: Calm | None = None

    @property
    def quiet(self) -> Quiet | None:
        """Which bars may pass without being shown; None where the next one has to be shown, whatever it is."""
        return None if self._calm is None else self._calm.quiet

    def pass_over(self, newest: Slice) -> None:
        """Slices have passed that were `quiet`, this one the last of them."""
        assert self._calm is not None  # noqa: S101  (else nothing may pass)
        self._now_ns, self._calm.bars = newest.at_ns, newest.bars
        self._charges = []

    def charges(self) -> tuple[Charge, ...]:
        """What was taken or given in the last slice without a trade, oldest first."""
        return tuple(sorted(self._charges, key=_when)) if self._charges else ()

    def advance(self, event: Slice) -> tuple[Fill, ...]:
        """What happened in the bars of `event`. Raises ValueError when time does not move forward."""
        since_ns = self._now_ns
        if self._charges:
            self._charges = []
        calm = self._calm
        if calm is not None:
            if calm.lasts(event, since_ns):
                self._now_ns = event.at_ns
                return ()
            self._wake()
        self._enter(event)
        fills = self._live_through(event, since_ns) if self._live else []
        self._note_closes(event)
        self._settle(event)
        return tuple(fills)

    def submit(self, approved: Approved[Order]) -> None:
        """Take an order. Raises Refusable for one that no venue could take: the gates should have said so before."""
        self._wake()
        super().submit(approved)

    def _wake(self) -> None:
        if self._calm is not None:
            self._calm.end()
            self._calm = None

    def _live_through(self, event: Slice, since_ns: int) -> list[Fill]:
        """The slice in its order, symbol by symbol in each part of it. Only what is on margin owes and is ended."""
        turns, changed = self._turns(event)
        fills: list[Fill] = []
        if owing := [turn for turn in turns if turn.on_margin]:
            self._charge_before(owing, since_ns, event.at_ns)
            fills += self._end_if_ruined(turns, event.at_ns, at_open=True)
        for turn in turns:
            if turn.traded and not turn.untouched:
                self._matcher.against_us(turn)
                fills += self._booked(turn)
        if owing := [turn for turn in turns if turn.on_margin]:
            self._charge_inside(owing, event.at_ns)
            fills += self._end_if_ruined(turns, event.at_ns, at_open=False)
        for turn in turns:
            if turn.matched:
                self._matcher.for_us(turn)
                fills += self._booked(turn)
                changed = True
            if turn.traded:
                turn.book.last = turn.bar
        if event.at_ns >= event.session.close_ns and not event.session.around_the_clock:
            changed |= self._expire("")
        if changed or fills:
            self._refresh()
        return fills

    def _settle(self, event: Slice) -> None:
        """When nothing is on its way and no stop trails, note until when and within which prices nothing can happen."""
        until_ns = event.session.close_ns - 1
        for book in self._live:
            if book.working or book.waiting or book.trail is not None:
                return
            if book.on_margin:
                until_ns = min(until_ns, self._carry.quiet_until(book, event.at_ns))
        boxes: tuple[Box, ...] = ()
        if self._live:
            move = inf if self._margin is None else self._margin.safe_move(self._live)
            if move <= 0.0:
                return
            boxes = tuple([box_of(book, move) for book in self._live])
        self._calm = Calm(boxes, until_ns)

    def _open_session(self, session: Session) -> None:
        """A day without a night ends nothing: orders work on until they are filled or withdrawn."""
        if not session.around_the_clock:
            super()._open_session(session)
            return
        for book in self._live:
            for working in book.working:
                working.session = session.date
        self._session, self._session_close_ns = session.date, session.close_ns

    def _check(self, order: Order, instrument: Instrument) -> None:
        """Everything a venue rejects at the door: also crumbs, prices off the grid and more leverage than it gives."""
        super()._check(order, instrument)
        if order.limit_price is not None and order.limit_price % instrument.tick_size:
            raise Refusable(f"{order.limit_price} is no multiple of the tick {instrument.tick_size} of {order.symbol}")
        if order.reduce_only or not (order.kind is MARKET or order.kind is LIMIT):
            return
        value = order.quantity * (order.limit_price or order.reference_price)
        if value < instrument.min_notional:
            raise Refusable(f"an order of {value} {order.symbol} is below the least of {instrument.min_notional}")
        if instrument.perpetual is not None and order.leverage > instrument.perpetual.max_leverage(value):
            most = instrument.perpetual.max_leverage(value)
            raise Refusable(f"leverage {order.leverage} of {order.symbol} is above the {most} given for {value}")

    def _turns(self, event: Slice) -> tuple[list[Turn], bool]:
        """One for every symbol with a market or a position; True when an instruction was obeyed."""
        turns, changed = [], False
        for book in self._live:
            bar = event.bars.get(book.symbol)
            if book.waiting and book.obey(event.at_ns if bar is None else bar.open_ns):
                changed = True
            if bar is not None and tradable(bar):
                turns.append(Turn(book, bar, True, book.quantity, book.on_margin))
            elif book.sign and book.last is not None:
                turns.append(Turn(book, book.last, False, book.quantity, book.on_margin))
        return turns, changed

    def _booked(self, turn: Turn) -> list[Fill]:
        """What has traded since the last time; the margin account knows it before anything else is asked."""
        if turn.told == len(turn.fills):
            return []
        fills = turn.fills[turn.told :]
        turn.told += len(fills)
        if self._margin is not None:
            self._margin.book(fills)
        return fills

    def _charge_before(self, turns: Sequence[Turn], since_ns: int, at_ns: int) -> None:
        """Up to the open of each bar only what was held before can have been charged."""
        for turn in turns:
            bar = turn.book.last
            assert bar is not None  # noqa: S101  (what is held was bought in some bar)
            self._charge(
                Held(
                    instrument=turn.book.instrument,
                    since_ns=since_ns,
                    until_ns=min(turn.bar.open_ns + 1, at_ns) if turn.traded else at_ns,
                    before=turn.before,
                    levels=(bar.close,),
                )
            )

    def _charge_inside(self, turns: Sequence[Turn], at_ns: int) -> None:
        """Inside a bar every quantity it saw may have been the one held when something fell due.

        That is none, too, where an exit may still fill in this bar: what it would have received is not counted on.
        """
        for turn in turns:
            if not turn.traded or turn.ended:
                continue
            self._charge(
                Held(
                    instrument=turn.book.instrument,
                    since_ns=turn.bar.open_ns + 1,
                    until_ns=at_ns,
                    before=turn.before,
                    levels=(turn.bar.low, turn.bar.high),
                    fills=turn.fills,
                    leaving=turn.matched,
                )
            )

    def _charge(self, held: Held) -> None:
        charges = self._carry.charges(held) if held.since_ns < held.until_ns else ()
        if charges:
            self._charges += charges
            if self._margin is not None:
                self._margin.book((), charges)

    def _end_if_ruined(self, turns: Sequence[Turn], at_ns: int, *, at_open: bool) -> list[Fill]:
        """Close what is on margin when the margin at the open, or at the worst prices, is no more than it must be."""
        margin = self._margin
        for turn in turns:
            if turn.book.on_margin:
                break
        else:
            return []
        stakes = [turn for turn in turns if turn.book.sign]
        if margin is None or margin.surely_safe(stakes):
            return []
        prices = [one.price_at(ZERO if at_open else ONE) for one in stakes]
        left, wanted = margin.margin_quote(stakes, prices), margin.maintenance_quote(stakes, prices)
        if left > wanted:
            return []
        story = f"liquidated: a margin of {left:.2f} fell to the maintenance margin of {wanted:.2f}"
        start, end = (margin.margin_quote(stakes, self._closing(stakes, way)) for way in (ZERO, ONE))
        way = way_to_ruin(start, end, dust_quote(stakes))
        remains = margin.margin_quote(stakes, self._closing(stakes, way))
        if remains < 0:
            story += f"; the margin is {round_up(-remains, CENT)} below zero"
        return self._liquidate(turns, way, story, at_ns, remains)

    def _closing(self, stakes: Sequence[Turn], way: Decimal) -> list[Decimal]:
        """The prices a liquidation gets: costs of crossing for what is closed, none for what is kept."""
        prices = []
        for one in stakes:
            price = one.price_at(way)
            if one.book.on_margin:
                quantity = abs(one.book.quantity)
                price = self._matcher.crossed(one.book, one.closing_side, quantity, price, one.bar)
            prices.append(price)
        return prices

    def _liquidate(self, turns: Sequence[Turn], way: Decimal, story: str, at_ns: int, remains: Decimal) -> list[Fill]:
        """Withdraw every order, close everything on margin, take the fee out of what remains."""
        for book in self._live:
            book.withdraw()
        fills: list[Fill] = []
        for turn in turns:
            if not turn.book.on_margin:
                continue
            when = at_ns if not turn.traded else turn.bar.open_ns if way == 0 else turn.bar.known_ns
            self._matcher.take_over(turn, Takeover(turn.price_at(way), when, story))
            fills += self._booked(turn)
            remains -= self._fee(fills[-1], remains)
        return fills

    def _fee(self, fill: Fill, left: Decimal) -> Decimal:
        assert self._margin is not None  # noqa: S101  (only margin accounts are liquidated)
        fee = self._margin.liquidation_fee_quote(fill.value_quote, left)
        if fee == 0:
            return fee
        charge = Charge(
            at_ns=fill.at_ns,
            symbol=fill.symbol,
            kind=ChargeKind.LIQUIDATION_FEE,
            amount_quote=fee,
            reason=f"liquidation of {fill.quantity} {fill.symbol} at {fill.price}",
        )
        self._charges.append(charge)
        self._margin.book((), [charge])
        return fee


def _when(charge: Charge) -> int:
    return charge.at_ns


def _refuse_unfinanced(instruments: Mapping[str, Instrument], financing: Financing) -> None:
    """A perpetual without terms, rates or a margin account is not simulated as something else."""
    for symbol, instrument in instruments.items():
        if not instrument.is_perpetual:
            continue
        if instrument.perpetual is None:
            raise UserError(f"the terms of the perpetual {symbol} are not known", remedy="give its margin tiers")
        if financing.funding is None:
            raise UserError(f"no funding history for the perpetual {symbol}", remedy="give its rates: none is not zero")
        if financing.margin is None:
            raise UserError(f"the perpetual {symbol} needs a margin account", remedy="give the capital it starts with")
