"""A venue that replays bars. Orders act from the next bar that exists for their symbol, never in the present slice."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from rung.domain.errors import Refusable
from rung.domain.fill import Fill
from rung.domain.instrument import Instrument
from rung.domain.order import Order, OrderKind
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Protection
from rung.domain.verdicts import Approved
from rung.simulation.book import SymbolBook
from rung.simulation.latency import FixedLatency
from rung.simulation.matching import Matcher
from rung.simulation.models import FeeModel, LatencyModel, LiquidityModel, SlippageModel

NOTHING_FLAGGED: Mapping[str, frozenset[int]] = MappingProxyType({})
BEFORE_TIME = -(2**63)
MARKET, LIMIT, CANCEL, PROTECT = OrderKind.MARKET, OrderKind.LIMIT, OrderKind.CANCEL, OrderKind.PROTECT


class SimVenue:
    """Pessimistic fills from bars, composed from one model per question. Deterministic; no clock, no chance, no I/O.

    flagged : per symbol the `open_ns` of bars whose extreme prices are false prints; resting orders that would gain
    from such an extreme do not fill on it, stops do.   `working` and `protections` answer mappings that are replaced,
    never changed, so a snapshot of the account may keep them.
    """

    def __init__(
        self,
        *,
        fees: FeeModel,
        slippage: SlippageModel,
        liquidity: LiquidityModel,
        instruments: Mapping[str, Instrument],
        latency: LatencyModel | None = None,
        flagged: Mapping[str, frozenset[int]] = NOTHING_FLAGGED,
    ) -> None:
        self._matcher = Matcher(fees=fees, slippage=slippage, liquidity=liquidity, flagged=flagged)
        self._latency = latency if latency is not None else FixedLatency()
        self._books = {symbol: SymbolBook(instrument) for symbol, instrument in instruments.items()}
        self._seen: set[str] = set()
        self._now_ns = BEFORE_TIME
        self._session = ""
        self._session_close_ns = BEFORE_TIME
        self._live: list[SymbolBook] = []
        self._trailing: list[SymbolBook] = []
        self._working: Mapping[str, str] | None = None
        self._protections: Mapping[str, Protection] | None = None

    def submit(self, approved: Approved[Order]) -> None:
        """Take an order. Raises Refusable for one that no venue could take: the gates should have said so before."""
        order = approved.order
        book = self._books.get(order.symbol)
        if book is None:
            raise Refusable(f"{order.symbol} is not traded here")
        self._check(order, book.instrument)
        self._seen.add(order.order_id)
        now = order.at_ns if order.at_ns > self._now_ns else self._now_ns
        acts_from_ns = now + self._latency.delay_ns(order)
        if order.kind is CANCEL or order.kind is PROTECT:
            book.instruct(order, acts_from_ns)
            book.obey(now)
        else:
            book.work(order, acts_from_ns, self._session if now <= self._session_close_ns else "")
        self._refresh()

    def advance(self, event: Slice) -> tuple[Fill, ...]:
        """What happened in the bars of `event`. Raises ValueError when time does not move forward."""
        self._enter(event)
        live = self._live
        if not live:
            return ()
        fills: list[Fill] = []
        changed = False
        bars = event.bars
        for book in live:
            bar = bars.get(book.symbol)
            if book.waiting and book.obey(event.at_ns if bar is None else bar.open_ns):
                changed = True
            if bar is None or (not book.working and book.floor < bar.low and bar.high < book.ceiling):
                continue
            fills.extend(self._matcher.match(book, bar))
            changed = True
        if event.at_ns >= event.session.close_ns:
            changed |= self._expire("")
        if changed:
            self._refresh()
        self._note_closes(event)
        return tuple(fills)

    def _enter(self, event: Slice) -> None:
        if event.at_ns <= self._now_ns:
            raise ValueError(f"slice {event.at_ns} does not come after {self._now_ns}")
        self._now_ns = event.at_ns
        for book in self._trailing:
            book.follow_stop()
        if event.session.date != self._session:
            self._open_session(event.session)

    def _note_closes(self, event: Slice) -> None:
        for book in self._trailing:
            book.note_close(event.bars.get(book.symbol))

    def working(self) -> Mapping[str, str]:
        """Symbol → id of an order not finished; where several are, one that adds risk."""
        if self._working is None:
            self._working = {book.symbol: book.working_id for book in self._live if book.working}
        return self._working

    def protections(self) -> Mapping[str, Protection]:
        """Symbol → what guards the open position."""
        if self._protections is None:
            self._protections = {b.symbol: b.protection for b in self._live if b.protection is not None}
        return self._protections

    def _check(self, order: Order, instrument: Instrument) -> None:
        """Everything a venue rejects at the door."""
        if order.order_id in self._seen:
            raise Refusable(f"order id {order.order_id} was used before")
        if order.kind is PROTECT and order.protection is None:
            raise Refusable(f"order {order.order_id} protects with nothing")
        if order.kind is LIMIT and (order.limit_price is None or order.limit_price <= 0):
            raise Refusable(f"limit order {order.order_id} has no price")
        if order.kind is MARKET or order.kind is LIMIT:
            quantity, lot = order.quantity, instrument.lot_size
            if not (quantity.is_finite() and quantity > 0) or quantity % lot:
                raise Refusable(f"{quantity} {order.symbol} is not a positive number of lots of {lot}")

    def _open_session(self, session: Session) -> None:
        """Openings of the session before are dead; those sent after its close belong to this one."""
        for book in self._live:
            for working in book.working:
                working.session = working.session or session.date
        self._session, self._session_close_ns = session.date, session.close_ns
        if self._expire(session.date):
            self._refresh()

    def _expire(self, session_date: str) -> bool:
        return sum(book.expire_openings(session_date) for book in self._live) > 0

    def _refresh(self) -> None:
        """Something has changed: what is asked every slice is built again, the answers when they are asked for."""
        self._live = [book for book in self._books.values() if book.working or book.sign or book.waiting]
        self._trailing = [book for book in self._live if book.trail is not None]
        self._working = self._protections = None
