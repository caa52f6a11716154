"""Gates that count attempts: every attempt counts, approved or not, and none is forgotten over a restart."""

from __future__ import annotations

import json

import pytest
from tests.unit.risk import made

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.view import View
from rung.risk.gate import Gate, Remembers
from rung.risk.gates.duplicate_order import DuplicateOrder
from rung.risk.gates.order_rate import DAY, HOUR, OrderRate
from rung.risk.gates.order_spacing import OrderSpacing
from rung.risk.gates.symbol_notional import SymbolNotional
from rung.risk.screen import screen

SECOND = 1_000_000_000


def at(ns: int) -> View:
    return made.view(made.slice_(at_ns=made.NOON_NS + ns))


def attempt(gate: Gate, ns: int, **fields: object) -> list[str]:
    """Screen one order through the gate alone and say why it was refused."""
    view = at(ns)
    (verdict,) = screen([made.order(**fields)], [gate], view)  # type: ignore[arg-type]
    return made.kinds(getattr(verdict, "violations", ()))


def test_the_thirtieth_order_of_a_minute_passes_and_the_next_does_not() -> None:
    gate = OrderRate(30)
    assert [attempt(gate, second * SECOND) for second in range(30)] == [[]] * 30
    assert attempt(gate, 30 * SECOND) == ["RATE_LIMIT"]


def test_an_attempt_exactly_a_minute_old_no_longer_counts() -> None:
    gate = OrderRate(1)
    assert attempt(gate, 0) == []
    assert attempt(gate, NS_PER_MINUTE - 1) == ["RATE_LIMIT"]
    assert attempt(gate, 2 * NS_PER_MINUTE - 1) == []


def test_refused_attempts_count_as_well() -> None:
    rate, small = OrderRate(2), SymbolNotional(0.001)
    for second in range(2):
        (verdict,) = screen([made.order()], [small, rate], at(second * SECOND))
        assert made.kinds(verdict.violations) == ["NOTIONAL_SYMBOL"]  # type: ignore[union-attr]
    assert attempt(rate, 3 * SECOND) == ["RATE_LIMIT"]


def test_the_orders_of_one_batch_count_one_by_one() -> None:
    orders = [made.order(order_id=str(number)) for number in range(4)]
    verdicts = screen(orders, [OrderRate(3)], made.view())
    assert [hasattr(verdict, "violations") for verdict in verdicts] == [False, False, False, True]


def test_hours_and_days_roll_as_minutes_do() -> None:
    for window in (HOUR, DAY):
        gate = OrderRate(1, window)
        assert attempt(gate, 0) == []
        assert attempt(gate, window.length_ns - 1) == ["RATE_LIMIT"]
        assert attempt(gate, 2 * window.length_ns) == []


def test_decisions_are_spaced_and_orders_of_one_decision_are_not() -> None:
    gate = OrderSpacing(1.0)
    assert attempt(gate, 0) == []
    assert attempt(gate, 0) == []
    assert attempt(gate, SECOND - 1) == ["RATE_LIMIT"]
    assert attempt(gate, 2 * SECOND - 1) == []


def test_time_that_goes_back_is_too_soon() -> None:
    gate = OrderSpacing(1.0)
    assert attempt(gate, 10 * SECOND) == []
    assert attempt(gate, 5 * SECOND) == ["RATE_LIMIT"]


def test_an_order_id_is_used_once() -> None:
    gate = DuplicateOrder()
    assert attempt(gate, 0, order_id="a") == []
    assert attempt(gate, SECOND, order_id="a") == ["DUPLICATE_ORDER"]
    assert attempt(gate, SECOND, order_id="b") == []


def test_an_id_that_was_refused_is_used_up_too() -> None:
    gate, small = DuplicateOrder(), SymbolNotional(0.001)
    screen([made.order(order_id="a")], [small, gate], made.view())
    assert attempt(gate, SECOND, order_id="a") == ["DUPLICATE_ORDER"]


def test_an_id_ahead_in_the_batch_or_still_working_is_used_up() -> None:
    ahead = [made.order(order_id="a")]
    assert made.kinds(DuplicateOrder().check(made.order(order_id="a"), made.view(), ahead)) == ["DUPLICATE_ORDER"]
    working = made.view(of=made.account(working={"SQQQ": "a"}))
    assert made.kinds(DuplicateOrder().check(made.order(order_id="a"), working, ())) == ["DUPLICATE_ORDER"]


def test_the_memory_for_ids_is_bounded() -> None:
    gate = DuplicateOrder(kept=3)
    for number in range(10):
        attempt(gate, number, order_id=str(number))
    assert gate.memory() == {"tried": ["7", "8", "9"]}


@pytest.mark.parametrize("build", [lambda: OrderRate(2), lambda: OrderSpacing(1.0), DuplicateOrder])
def test_memory_survives_a_restart_through_plain_text(build: type[Gate]) -> None:
    before, after = build(), build()
    assert isinstance(before, Remembers)
    assert isinstance(after, Remembers)
    for _ in range(2):
        attempt(before, 0)
    after.recall(json.loads(json.dumps(before.memory())))
    assert after.memory() == before.memory()
    assert attempt(after, SECOND // 2) == attempt(before, SECOND // 2) != []
