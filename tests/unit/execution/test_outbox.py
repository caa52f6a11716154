"""The outbox sends once, never guesses, and lets exits through a closed door."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.domain.durable import Durable
from rung.domain.order import Order, OrderKind, Side
from rung.domain.target import Action
from rung.domain.verdicts import Approved
from rung.execution.gateway import Ambiguous, OrderReport, VenueStatus
from rung.execution.lifecycle import IllegalTransition, OrderState, advanced
from rung.execution.outbox import Outbox, SentTwice


def intent(order_id: str = "a", *, reduce_only: bool = False, symbol: str = "TQQQ") -> Durable[Approved[Order]]:
    order = Order(
        order_id=order_id,
        at_ns=0,
        symbol=symbol,
        side=Side.SELL if reduce_only else Side.BUY,
        kind=OrderKind.MARKET,
        quantity=Decimal(1),
        reference_price=Decimal(50),
        reduce_only=reduce_only,
        action=Action.EXIT if reduce_only else Action.ENTER_LONG,
        reason="",
        strategy="test",
    )
    return Durable(Approved(order, 0), 1, b"")


class FakeGateway:
    """A venue whose answers can be lost before or after the order arrives."""

    def __init__(self) -> None:
        self.book: dict[str, VenueStatus] = {}
        self.sends: list[str] = []
        self.lose: str = ""
        self.reachable = True

    def send(self, intent: Durable[Approved[Order]]) -> OrderReport:
        order_id = intent.thing.order.order_id
        self.sends.append(order_id)
        if self.lose == "request":
            raise Ambiguous("cut before it arrived")
        self.book[order_id] = VenueStatus.FILLED
        if self.lose == "answer":
            raise Ambiguous("cut before the answer came back")
        return self.report(order_id)

    def find(self, order_id: str) -> OrderReport | None:
        if not self.reachable:
            raise Ambiguous("no route")
        return self.report(order_id) if order_id in self.book else None

    def report(self, order_id: str) -> OrderReport:
        return OrderReport(order_id=order_id, at_ns=0, status=self.book[order_id], filled_base=Decimal(1))


class Log:
    def __init__(self) -> None:
        self.lines: list[tuple[str, OrderState]] = []

    def outcome(self, order_id: str, state: OrderState, report: OrderReport | None) -> None:
        self.lines.append((order_id, state))


def outbox(gateway: FakeGateway, *, open_door: bool = True) -> tuple[Outbox, Log]:
    log = Log()
    return Outbox(gateway, log, lambda: open_door), log


def test_a_lost_answer_is_unknown_until_the_venue_is_asked() -> None:
    gateway = FakeGateway()
    gateway.lose = "answer"
    box, log = outbox(gateway)
    assert box.send(intent()) is OrderState.UNKNOWN
    assert box.open_ids() == ["a"]
    assert box.settle("a") is OrderState.FILLED
    assert log.lines == [("a", OrderState.UNKNOWN), ("a", OrderState.FILLED)]


def test_an_order_that_never_arrived_is_absent_and_is_not_sent_again() -> None:
    gateway = FakeGateway()
    gateway.lose = "request"
    box, _ = outbox(gateway)
    box.send(intent())
    assert box.settle("a") is OrderState.ABSENT
    gateway.lose = ""
    with pytest.raises(SentTwice):
        box.send(intent())
    assert gateway.sends == ["a"]


def test_an_unreachable_venue_leaves_the_doubt_standing() -> None:
    gateway = FakeGateway()
    gateway.lose, gateway.reachable = "answer", False
    box, _ = outbox(gateway)
    box.send(intent())
    assert box.settle("a") is OrderState.UNKNOWN


def test_the_closed_door_withholds_entries_and_lets_exits_pass() -> None:
    gateway = FakeGateway()
    box, log = outbox(gateway, open_door=False)
    assert box.send(intent("in")) is OrderState.WITHHELD
    assert box.send(intent("out", reduce_only=True)) is OrderState.FILLED
    assert gateway.sends == ["out"]
    assert ("in", OrderState.WITHHELD) in log.lines


def test_recovery_asks_about_everything_unfinished_and_sends_nothing() -> None:
    gateway = FakeGateway()
    gateway.book = {"arrived": VenueStatus.FILLED}
    box, _ = outbox(gateway)
    box.recover([("arrived", OrderState.INTENDED), ("lost", OrderState.INTENDED), ("done", OrderState.FILLED)])
    assert box.states == {
        "arrived": OrderState.FILLED,
        "lost": OrderState.ABSENT,
        "done": OrderState.FILLED,
    }
    assert gateway.sends == []


def test_recovering_twice_changes_nothing() -> None:
    gateway = FakeGateway()
    gateway.book = {"arrived": VenueStatus.WORKING}
    box, _ = outbox(gateway)
    recorded = [("arrived", OrderState.INTENDED), ("lost", OrderState.INTENDED)]
    box.recover(recorded)
    first = dict(box.states)
    box.recover(list(first.items()))
    assert box.states == first


@given(st.sampled_from(OrderState), st.sampled_from(OrderState))
def test_a_finished_order_never_opens_again_and_nothing_returns_to_intended(now: OrderState, then: OrderState) -> None:
    try:
        advanced(now, then)
    except IllegalTransition:
        return
    assert then is now or then is not OrderState.INTENDED
    if now in (OrderState.FILLED, OrderState.REJECTED, OrderState.WITHHELD):
        assert then is now


@given(st.lists(st.sampled_from(["", "request", "answer"]), min_size=1, max_size=30))
def test_whatever_is_lost_no_id_is_ever_sent_twice_and_the_books_agree_in_the_end(losses: list[str]) -> None:
    gateway = FakeGateway()
    box, _ = outbox(gateway)
    for n, loss in enumerate(losses):
        gateway.lose = loss
        box.send(intent(str(n), symbol=f"S{n}"))
    for order_id in box.open_ids():
        box.settle(order_id)
    assert len(gateway.sends) == len(set(gateway.sends)) == len(losses)
    filled = {i for i, state in box.states.items() if state is OrderState.FILLED}
    assert filled == set(gateway.book)


def test_while_an_opening_is_in_doubt_nothing_more_opens_in_its_symbol_and_exits_leave() -> None:
    gateway = FakeGateway()
    box, _ = outbox(gateway)
    gateway.lose = "answer"
    assert box.send(intent("a")) is OrderState.UNKNOWN
    assert box.doubtful == {"a": "TQQQ"}
    gateway.lose = ""
    assert box.send(intent("b")) is OrderState.WITHHELD
    assert box.send(intent("c", symbol="SQQQ")) is OrderState.FILLED
    assert box.send(intent("d", reduce_only=True)) is OrderState.FILLED
    assert box.settle("a") is OrderState.FILLED
    assert box.send(intent("e")) is OrderState.FILLED
    assert box.doubtful == {}
