"""What every venue owes the desk, whatever is behind it. Subclass `VenueContract`, say how the market moves, run.

The market is moved by `minute`: one bar of one symbol, or a minute without one. Prices are the market's, not ours.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import pytest

from rung.domain.errors import Refusable
from rung.domain.fill import Fill, Trigger
from rung.domain.order import Order, OrderKind, Side
from rung.domain.target import Action, Protection
from rung.domain.verdicts import Approved
from rung.execution.venue import Venue

D = Decimal
QUANTITY = D(100)
STOP = Protection(stop_frac=0.02)


@dataclass(frozen=True)
class Prices:
    """A minute of trading."""

    open: float = 100.0
    high: float = 100.5
    low: float = 99.5
    close: float = 100.0


class Market(ABC):
    """A venue and the market it stands in."""

    venue: Venue
    symbol: str

    @abstractmethod
    def minute(self, prices: Prices | None) -> Sequence[Fill]:
        """Let a minute pass, then `venue.advance`. None: nothing traded in it."""

    @property
    @abstractmethod
    def now_ns(self) -> int: ...


class VenueContract(ABC):
    """The promises. A venue that fails one may not be plugged in."""

    @abstractmethod
    def open_market(self) -> Market:
        """A fresh venue, flat, deep enough for `QUANTITY`."""

    @pytest.fixture
    def market(self) -> Market:
        return self.open_market()

    def send(
        self, market: Market, order_id: str, side: Side, kind: OrderKind = OrderKind.MARKET, **fields: object
    ) -> str:
        trades = kind in (OrderKind.MARKET, OrderKind.LIMIT)
        reduce_only = bool(fields.pop("reduce_only", not trades))
        protection = fields.pop("protection", None)
        assert protection is None or isinstance(protection, Protection)
        assert not fields
        order = Order(
            order_id=order_id,
            at_ns=market.now_ns,
            symbol=market.symbol,
            side=side,
            kind=kind,
            quantity=QUANTITY if trades else D(0),
            reference_price=D(100),
            reduce_only=reduce_only,
            action=Action.EXIT if reduce_only else Action.ENTER_LONG,
            reason="contract",
            strategy="contract",
            protection=protection,
        )
        market.venue.submit(Approved(order, order.at_ns))
        return order_id

    def fill_within(self, market: Market, minutes: int = 3) -> list[Fill]:
        return [fill for _ in range(minutes) for fill in market.minute(Prices())]

    def enter(self, market: Market, protection: Protection | None = None) -> None:
        self.send(market, "entry", Side.BUY, protection=protection)
        assert sum(f.quantity for f in self.fill_within(market)) == QUANTITY

    def test_a_fresh_venue_holds_nothing(self, market: Market) -> None:
        assert dict(market.venue.working()) == {}
        assert dict(market.venue.protections()) == {}
        assert list(market.minute(Prices())) == []

    def test_an_order_works_until_it_is_filled(self, market: Market) -> None:
        self.send(market, "a", Side.BUY)
        assert dict(market.venue.working()) == {market.symbol: "a"}
        fills = self.fill_within(market)
        assert sum(f.quantity for f in fills) == QUANTITY
        assert dict(market.venue.working()) == {}

    def test_a_fill_tells_everything_the_ledger_needs(self, market: Market) -> None:
        sent_ns = market.now_ns
        self.send(market, "a", Side.BUY)
        fills = self.fill_within(market)
        assert len({f.fill_id for f in fills}) == len(fills) > 0
        for fill in fills:
            assert (fill.order_id, fill.symbol, fill.side) == ("a", market.symbol, Side.BUY)
            assert fill.at_ns >= sent_ns
            assert fill.price > 0
            assert fill.quantity > 0
            assert fill.fee_quote >= 0
            assert fill.slippage_quote >= 0
            assert not fill.closes
            assert (fill.trigger, fill.action, fill.reason) == (Trigger.ORDER, Action.ENTER_LONG, "contract")

    def test_nothing_is_told_twice(self, market: Market) -> None:
        self.send(market, "a", Side.BUY)
        ids = [f.fill_id for f in self.fill_within(market, minutes=6)]
        assert len(ids) == len(set(ids))

    def test_nothing_fills_while_nothing_trades(self, market: Market) -> None:
        self.send(market, "a", Side.BUY)
        assert list(market.minute(None)) == []
        assert dict(market.venue.working()) == {market.symbol: "a"}

    def test_an_order_id_never_makes_a_second_order(self, market: Market) -> None:
        self.send(market, "a", Side.BUY)
        with pytest.raises(Refusable):
            self.send(market, "a", Side.BUY)
        assert sum(f.quantity for f in self.fill_within(market)) == QUANTITY

    def test_a_cancel_withdraws_what_works(self, market: Market) -> None:
        self.send(market, "a", Side.BUY)
        self.send(market, "c", Side.SELL, OrderKind.CANCEL)
        assert self.fill_within(market) == []
        assert dict(market.venue.working()) == {}

    def test_a_cancel_with_nothing_to_withdraw_is_harmless(self, market: Market) -> None:
        self.enter(market, STOP)
        self.send(market, "c", Side.SELL, OrderKind.CANCEL)
        assert self.fill_within(market) == []
        assert dict(market.venue.protections()) == {market.symbol: STOP}

    def test_a_reduce_only_order_never_turns_the_position(self, market: Market) -> None:
        self.enter(market)
        self.send(market, "x1", Side.SELL, reduce_only=True)
        self.send(market, "x2", Side.SELL, reduce_only=True)
        fills = self.fill_within(market)
        assert sum(f.quantity for f in fills) == QUANTITY
        assert all(f.closes for f in fills)
        assert dict(market.venue.working()) == {}

    def test_a_reduce_only_order_without_a_position_does_nothing(self, market: Market) -> None:
        self.send(market, "x", Side.SELL, reduce_only=True)
        assert self.fill_within(market) == []

    def test_protection_stands_from_the_first_fill_on(self, market: Market) -> None:
        self.enter(market, STOP)
        assert dict(market.venue.protections()) == {market.symbol: STOP}

    def test_a_stop_closes_the_position_and_says_so(self, market: Market) -> None:
        self.enter(market, STOP)
        fills = [*market.minute(Prices(low=90.0)), *self.fill_within(market)]
        assert sum(f.quantity for f in fills) == QUANTITY
        assert {(f.trigger, f.action, f.side, f.closes) for f in fills} == {
            (Trigger.STOP, Action.STOP_LOSS, Side.SELL, True)
        }
        assert dict(market.venue.protections()) == {}

    def test_protection_can_be_replaced(self, market: Market) -> None:
        self.enter(market, STOP)
        wider = Protection(stop_frac=0.20, take_profit_frac=0.05)
        self.send(market, "p", Side.SELL, OrderKind.PROTECT, protection=wider)
        assert dict(market.venue.protections()) == {market.symbol: wider}
        assert list(market.minute(Prices(low=95.0))) == []
        fills = [*market.minute(Prices(high=110.0)), *self.fill_within(market)]
        assert sum(f.quantity for f in fills) == QUANTITY
        assert {(f.trigger, f.action) for f in fills} == {(Trigger.TAKE_PROFIT, Action.PROFIT_TARGET)}

    def test_after_an_exit_no_protection_is_left_to_trade(self, market: Market) -> None:
        self.enter(market, STOP)
        self.send(market, "x", Side.SELL, reduce_only=True)
        self.fill_within(market)
        assert dict(market.venue.protections()) == {}
        assert list(market.minute(Prices(low=50.0))) == []

    def test_a_snapshot_of_what_works_is_not_changed_later(self, market: Market) -> None:
        self.send(market, "a", Side.BUY, protection=STOP)
        working, protections = market.venue.working(), market.venue.protections()
        self.fill_within(market)
        assert dict(working) == {market.symbol: "a"}
        assert dict(protections) == {}
