"""A simulated venue that also takes what holding costs and ends accounts whose margin is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate
from math import inf

from rung.domain.bar import Bar
from rung.domain.charge import Charge, ChargeKind
from rung.domain.errors import Refusable, UserError
from rung.domain.fill import Fill, Trigger
from rung.domain.instrument import Instrument
from rung.domain.order import Order, OrderKind
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.verdicts import Approved
from rung.simulation.book import SymbolBook
from rung.simulation.calm import Calm, all_idle, row_of
from rung.simulation.carry import Carry, Held
from rung.simulation.margin import ZERO, MarginAccount, Stake, dust_quote, stake, way_to_ruin
from rung.simulation.matching import Takeover, Turn, tradable
from rung.simulation.models import BorrowModel, FeeModel, FundingModel, LatencyModel, LiquidityModel, SlippageModel
from rung.simulation.prices import exact, round_up
from rung.simulation.venue import NOTHING_FLAGGED, SimVenue

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


@dataclass(slots=True)
class _Visit:
    """One symbol in one slice."""

    book: SymbolBook
    bar: Bar | None
    before: Decimal
    turn: Turn | None = None
    fills: list[Fill] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """The venue has closed it in this slice."""
        return any(fill.trigger is Trigger.LIQUIDATION for fill in self.fills)


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
        self._last: dict[str, Bar] = {}
        self._charges: list[Charge] = []
        self._calm: Calm | None = None

    def charges(self) -> tuple[Charge, ...]:
        """What was taken or given in the last slice without a trade, oldest first."""
        return tuple(sorted(self._charges, key=lambda charge: charge.at_ns))

    def advance(self, event: Slice) -> tuple[Fill, ...]:
        """What happened in the bars of `event`. Raises ValueError when time does not move forward."""
        since_ns = self._now_ns
        self._charges = []
        calm = self._calm
        if calm is not None and event.at_ns > since_ns and calm.lasts(event, self._last):
            self._now_ns = event.at_ns
            return ()
        self._calm = None
        self._enter(event)
        if not self._live:
            return ()
        visits, changed = self._visits(event)
        self._charge_before(visits, since_ns, event.at_ns)
        fills = [*self._end_if_ruined(visits, event.at_ns, at_open=True)]
        for visit in visits:
            fills += self._first_half(visit)
        self._charge_inside(visits, event.at_ns)
        fills += self._end_if_ruined(visits, event.at_ns, at_open=False)
        for visit in visits:
            fills += self._second_half(visit)
        changed = changed or bool(fills) or any(v.turn is not None for v in visits)
        for visit in visits:
            if visit.bar is not None:
                self._last[visit.book.symbol] = visit.bar
        if event.at_ns >= event.session.close_ns and not event.session.around_the_clock:
            changed |= self._expire("")
        if changed:
            self._refresh()
        self._note_closes(event)
        self._settle(event)
        return tuple(fills)

    def submit(self, approved: Approved[Order]) -> None:
        """Take an order. Raises Refusable for one that no venue could take: the gates should have said so before."""
        self._calm = None
        super().submit(approved)

    def _settle(self, event: Slice) -> None:
        """When nothing is on its way, note until when and within which prices nothing can happen."""
        held = [book for book in self._live if book.quantity != 0]
        if not held or not all_idle(self._live) or not all(book.symbol in self._last for book in held):
            return
        until_ns = min(self._carry.quiet_until(book.instrument, book.quantity, event.at_ns) for book in held)
        if not event.session.around_the_clock:
            until_ns = min(until_ns, event.session.close_ns - 1)
        margin = self._margin
        share = margin.spot_share if margin is not None else 1.0
        rows = tuple(row_of(book, self._last[book.symbol], share) for book in held)
        money = margin.money_float if margin is not None else inf
        self._calm = Calm(rows, event.session.date, until_ns, money)

    def _open_session(self, session: Session) -> None:
        """A day without a night ends nothing: orders work on until they are filled or withdrawn."""
        if not session.around_the_clock:
            super()._open_session(session)
            return
        for book in self._live:
            for working in book.working:
                working.session = session.date
        self._session, self._session_close_ns = session.date, session.close_ns

    def _check(self, order: Order) -> None:
        """Everything a venue rejects at the door: also crumbs, prices off the grid and more leverage than it gives."""
        super()._check(order)
        instrument = self._books[order.symbol].instrument
        if order.limit_price is not None and order.limit_price % instrument.tick_size:
            raise Refusable(f"{order.limit_price} is no multiple of the tick {instrument.tick_size} of {order.symbol}")
        if order.reduce_only or order.kind not in (OrderKind.MARKET, OrderKind.LIMIT):
            return
        value = order.quantity * (order.limit_price or order.reference_price)
        if value < instrument.min_notional:
            raise Refusable(f"an order of {value} {order.symbol} is below the least of {instrument.min_notional}")
        if instrument.perpetual is not None and order.leverage > instrument.perpetual.max_leverage(value):
            most = instrument.perpetual.max_leverage(value)
            raise Refusable(f"leverage {order.leverage} of {order.symbol} is above the {most} given for {value}")

    def _visits(self, event: Slice) -> tuple[list[_Visit], bool]:
        visits, changed = [], False
        for book in self._live:
            bar = event.bars.get(book.symbol)
            if book.waiting and book.obey(event.at_ns if bar is None else bar.open_ns):
                changed = True
            real = bar if bar is not None and tradable(bar) else None
            visits.append(_Visit(book, real, book.quantity))
        return visits, changed

    def _first_half(self, visit: _Visit) -> Sequence[Fill]:
        book, bar = visit.book, visit.bar
        if bar is None or (not book.working and book.floor < bar.low and bar.high < book.ceiling):
            return ()
        visit.turn = self._matcher.against_us(book, bar)
        return self._booked(visit, visit.turn.fills if visit.turn is not None else ())

    def _second_half(self, visit: _Visit) -> Sequence[Fill]:
        if visit.turn is None:
            return ()
        done = len(visit.turn.fills)
        self._matcher.for_us(visit.turn)
        return self._booked(visit, visit.turn.fills[done:])

    def _booked(self, visit: _Visit, fills: Sequence[Fill]) -> Sequence[Fill]:
        visit.fills += fills
        if self._margin is not None:
            self._margin.book(fills)
        return tuple(fills)

    def _charge_before(self, visits: Sequence[_Visit], since_ns: int, at_ns: int) -> None:
        """Up to the open of each bar only what was held before can have been charged."""
        for visit in visits:
            if visit.before != 0:
                until_ns = at_ns if visit.bar is None else min(visit.bar.open_ns + 1, at_ns)
                self._charge(
                    Held(
                        instrument=visit.book.instrument,
                        since_ns=since_ns,
                        until_ns=until_ns,
                        quantities=(visit.before,),
                        prices=(exact(self._last[visit.book.symbol].close),),
                    )
                )

    def _charge_inside(self, visits: Sequence[_Visit], at_ns: int) -> None:
        """Inside a bar every quantity it saw may have been the one held when something fell due.

        That is none, too, where an exit may still fill in this bar: what it would have received is not counted on.
        """
        for visit in visits:
            if visit.bar is None or (visit.before == 0 and not visit.fills) or visit.ended:
                continue
            changes = (fill.quantity * fill.side.sign for fill in visit.fills)
            leaving = (ZERO,) if visit.turn is not None else ()
            self._charge(
                Held(
                    instrument=visit.book.instrument,
                    since_ns=visit.bar.open_ns + 1,
                    until_ns=at_ns,
                    quantities=(*accumulate(changes, initial=visit.before), *leaving),
                    prices=(exact(visit.bar.low), exact(visit.bar.high)),
                    fills=visit.fills,
                )
            )

    def _charge(self, held: Held) -> None:
        if held.since_ns < held.until_ns:
            charges = list(self._carry.charges(held))
            self._charges += charges
            if self._margin is not None:
                self._margin.book((), charges)

    def _end_if_ruined(self, visits: Sequence[_Visit], at_ns: int, *, at_open: bool) -> Sequence[Fill]:
        """Close what is on margin when the margin at the open, or at the worst prices, is no more than it must be."""
        margin = self._margin
        if margin is None or not any(v.book.on_margin for v in visits):
            return ()
        stakes = [self._stake(v) for v in visits if v.book.quantity != 0]
        if margin.surely_safe(stakes):
            return ()
        prices = [one.price_at(ZERO if at_open else ONE) for one in stakes]
        left, wanted = margin.margin_quote(stakes, prices), margin.maintenance_quote(stakes, prices)
        if left > wanted:
            return ()
        story = f"liquidated: a margin of {left:.2f} fell to the maintenance margin of {wanted:.2f}"
        start, end = (margin.margin_quote(stakes, self._closing(stakes, way)) for way in (ZERO, ONE))
        way = way_to_ruin(start, end, dust_quote(stakes))
        remains = margin.margin_quote(stakes, self._closing(stakes, way))
        if remains < 0:
            story += f"; the margin is {round_up(-remains, CENT)} below zero"
        return self._liquidate(visits, way, story, at_ns, remains)

    def _stake(self, visit: _Visit) -> Stake:
        """What the slice did to a position. One opened in this very bar has no earlier one to rest on."""
        symbol = visit.book.symbol
        last = self._last.get(symbol) or visit.bar
        assert last is not None  # noqa: S101  (a position was filled in some bar)
        return stake(visit.book, visit.bar, last)

    def _closing(self, stakes: Sequence[Stake], way: Decimal) -> list[Decimal]:
        """The prices a liquidation gets: costs of crossing for what is closed, none for what is kept."""
        prices = []
        for one in stakes:
            price = one.price_at(way)
            if one.book.on_margin:
                quantity = abs(one.book.quantity)
                price = self._matcher.crossed(one.book, one.closing_side, quantity, price, one.bar)
            prices.append(price)
        return prices

    def _liquidate(
        self, visits: Sequence[_Visit], way: Decimal, story: str, at_ns: int, remains: Decimal
    ) -> list[Fill]:
        """Withdraw every order, close everything on margin, take the fee out of what remains."""
        fills: list[Fill] = []
        for visit in visits:
            for working in visit.book.working:
                working.remaining = ZERO
            visit.book.tidy()
            if not visit.book.on_margin:
                continue
            one = self._stake(visit)
            when = at_ns if not one.traded else one.bar.open_ns if way == 0 else one.bar.known_ns
            fill = self._matcher.take_over(visit.book, one.bar, Takeover(one.price_at(way), when, story))
            fills += self._booked(visit, [fill])
            fee = self._fee(fill, remains)
            remains -= fee
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
