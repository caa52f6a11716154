"""The one way through: collects everything, fails closed, lets exits pass, judges what is really sent."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest
from msgspec.structs import replace
from tests.unit.risk import made

from rung.domain.errors import Refusable
from rung.domain.order import Order, OrderKind, Side
from rung.domain.target import Protection
from rung.domain.verdicts import Approved, Refused, Verdict, Violation, ViolationKind
from rung.domain.view import View
from rung.risk.flag import PolledFlag, PolledKill
from rung.risk.gate import Gate, Remembers, observe, observers
from rung.risk.gates.gross_notional import GrossNotional
from rung.risk.gates.max_positions import MaxPositions
from rung.risk.gates.symbol_notional import SymbolNotional
from rung.risk.limit_sets import QtsRisk, SafetyGate
from rung.risk.params import ScreenLimits
from rung.risk.screen import screen

D = Decimal


class Saying:
    """A gate that always says the same, and counts how often it was asked."""

    def __init__(self, *kinds: ViolationKind, halts: bool = False) -> None:
        self.name, self.halts, self.asked = "saying", halts, 0
        self._says = [Violation(kind=kind, gate=self.name, message="no") for kind in kinds]

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        self.asked += 1
        return self._says


class Breaking:
    name, halts = "breaking", False

    def __init__(self, error: Exception) -> None:
        self._error = error

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        raise self._error


class Forgetful(Saying, Remembers):
    def remember(self, order: Order, view: View) -> None:
        raise OSError("no memory left")


OPEN = Saying()


def kinds(verdict: Verdict) -> list[str]:
    return made.kinds(verdict.violations) if isinstance(verdict, Refused) else []


def one(order: Order, *gates: Gate, view: View | None = None) -> Verdict:
    (verdict,) = screen([order], gates, view or made.view())
    return verdict


def test_an_order_no_gate_objects_to_is_approved_with_the_time_of_the_slice() -> None:
    order = made.order()
    assert one(order, OPEN) == Approved(order, made.NOON_NS)


def test_no_orders_cost_nothing_and_ask_nobody() -> None:
    gate = Saying(ViolationKind.MARGIN)
    assert screen([], [gate], made.view()) == ()
    assert gate.asked == 0


def test_all_violations_of_all_gates_are_collected_in_their_order() -> None:
    verdict = one(made.order(), Saying(ViolationKind.MARGIN, ViolationKind.SPREAD), Saying(ViolationKind.TICK_LOT))
    assert kinds(verdict) == ["MARGIN", "SPREAD", "TICK_LOT"]
    assert verdict.order == made.order()
    assert verdict.at_ns == made.NOON_NS


def test_only_a_latched_halt_ends_the_list_early() -> None:
    later = Saying(ViolationKind.TICK_LOT)
    verdict = one(made.order(), Saying(ViolationKind.MARGIN), Saying(ViolationKind.KILL_SWITCH, halts=True), later)
    assert kinds(verdict) == ["MARGIN", "KILL_SWITCH"]
    assert later.asked == 0


def test_a_halting_gate_that_is_content_does_not_end_the_list() -> None:
    assert kinds(one(made.order(), Saying(halts=True), Saying(ViolationKind.MARGIN))) == ["MARGIN"]


def test_without_gates_nothing_opens_and_exits_still_pass() -> None:
    held = made.position()
    view = made.view(of=made.account(held))
    verdicts = screen([made.order("SQQQ"), made.exit_of(held)], [], view)
    assert kinds(verdicts[0]) == ["NO_GATES"]
    assert isinstance(verdicts[1], Approved)


@pytest.mark.parametrize("error", [ValueError("boom"), KeyError("x"), ZeroDivisionError(), MemoryError()])
def test_whatever_breaks_in_a_gate_refuses_the_order_and_names_gate_and_error(error: Exception) -> None:
    verdict = one(made.order(), Breaking(error), Saying(ViolationKind.MARGIN))
    assert kinds(verdict) == ["CANNOT_JUDGE", "MARGIN"]
    assert isinstance(verdict, Refused)
    assert verdict.violations[0].gate == "breaking"
    assert "breaking" in verdict.violations[0].message
    assert type(error).__name__ in verdict.violations[0].message


def test_a_gate_that_says_it_cannot_judge_is_quoted() -> None:
    verdict = one(made.order(), Breaking(Refusable("cannot judge without a moon")))
    assert isinstance(verdict, Refused)
    assert verdict.violations[0].message == "breaking: cannot judge without a moon"


def test_ctrl_c_is_not_swallowed_by_the_gates() -> None:
    with pytest.raises(KeyboardInterrupt):
        one(made.order(), Breaking(KeyboardInterrupt()))  # type: ignore[arg-type]


def test_an_attempt_that_cannot_be_counted_is_refused() -> None:
    verdict = one(made.order(), Forgetful())
    assert isinstance(verdict, Refused)
    (violation,) = verdict.violations
    assert (violation.kind.name, violation.gate) == ("CANNOT_JUDGE", "saying")
    assert violation.message == "saying: OSError: no memory left"


def test_every_order_of_a_batch_is_judged_on_what_was_approved_before_it() -> None:
    orders = [made.order(quantity="200", order_id=str(number)) for number in range(3)]
    verdicts = screen(orders, [SymbolNotional(0.45)], made.view())
    assert [type(verdict) for verdict in verdicts] == [Approved, Approved, Refused]


def test_a_refused_order_takes_no_room_from_those_after_it() -> None:
    orders = [made.order(quantity="900"), made.order(quantity="450", order_id="b")]
    verdicts = screen(orders, [SymbolNotional(0.45)], made.view())
    assert [type(verdict) for verdict in verdicts] == [Refused, Approved]


def test_orders_still_working_count_as_if_they_filled() -> None:
    working = [made.order("SQQQ", quantity="400")]
    gate = GrossNotional(0.5)
    assert kinds(screen([made.order(quantity="200")], [gate], made.view(), working=working)[0]) == ["NOTIONAL_GROSS"]
    assert kinds(screen([made.order(quantity="100")], [gate], made.view(), working=working)[0]) == []


def test_an_entry_cannot_use_the_slot_of_an_exit_that_has_not_filled() -> None:
    held = [made.position(symbol) for symbol in ("SQQQ", "UVXY", "SDS")]
    view = made.view(of=made.account(*held))
    swap = [made.exit_of(held[0]), made.order("TQQQ")]
    assert [type(verdict) for verdict in screen(swap, [MaxPositions(3)], view)] == [Approved, Refused]
    after = made.view(of=made.account(*held[1:]))
    assert isinstance(one(made.order("TQQQ"), MaxPositions(3), view=after), Approved)


def test_an_exit_passes_every_gate_of_the_desk_at_the_worst_moment() -> None:
    """Killed, broke, out of hours, without a bar, over every limit: what makes the position smaller passes."""
    gates = made.guard(ScreenLimits(), QtsRisk(), SafetyGate(), maintenance=PolledFlag(), kill=PolledKill()).gates
    held = made.position("TQQQ", "100000")
    event = made.slice_(made.bar("SQQQ"), at_ns=made.SESSION.close_ns)
    view = made.view(event, made.account(held, equity=D("NaN"), at_ns=0))
    observe(observers(gates), event)
    assert isinstance(one(made.exit_of(held), *gates, view=view), Approved)
    assert isinstance(one(made.order(), *gates, view=view), Refused)


# --- orders that claim to cut risk ------------------------------------------------------------------------------------

LONG, SHORT = made.position(quantity="100"), made.position(quantity="-100")
CLOSED = Saying(ViolationKind.KILL_SWITCH, halts=True)


@pytest.mark.parametrize("held", [LONG, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("quantity", ["1", "100"])
@pytest.mark.parametrize("kind", [OrderKind.MARKET, OrderKind.LIMIT])
def test_an_order_that_makes_the_position_smaller_passes(held: made.Position, quantity: str, kind: OrderKind) -> None:
    price = D(100) if kind is OrderKind.LIMIT else None
    order = made.exit_of(held, D(quantity), kind=kind, limit_price=price)
    assert isinstance(one(order, CLOSED, view=made.view(of=made.account(held))), Approved)


@pytest.mark.parametrize(
    "wrong",
    [
        made.exit_of(LONG, D("100.01")),
        made.exit_of(LONG, D(0)),
        made.exit_of(LONG, D(-5)),
        made.exit_of(LONG, D("NaN")),
        made.exit_of(LONG, side=Side.BUY),
        made.exit_of(SHORT),
        made.exit_of(made.position("SQQQ")),
    ],
    ids=["too much", "nothing", "negative", "not a number", "wrong side", "of a short", "not held"],
)
def test_an_order_that_only_claims_to_reduce_is_refused(wrong: Order) -> None:
    assert kinds(one(wrong, OPEN, view=made.view(of=made.account(LONG)))) in (["NOT_REDUCING"], ["CANNOT_JUDGE"])


@pytest.mark.parametrize("quantity", ["1", "-1", "0.01", "-0.01"])
def test_the_smallest_position_can_be_left(quantity: str) -> None:
    held = made.position(quantity=quantity)
    assert isinstance(one(made.exit_of(held), CLOSED, view=made.view(of=made.account(held))), Approved)


def test_two_market_exits_cannot_flip_the_position_together() -> None:
    view = made.view(of=made.account(LONG))
    exits = [made.exit_of(LONG, D(60)), made.exit_of(LONG, D(60)), made.exit_of(LONG, D(40))]
    assert [type(verdict) for verdict in screen(exits, [OPEN], view)] == [Approved, Refused, Approved]


def test_a_resting_limit_exit_never_blocks_a_market_exit() -> None:
    view = made.view(of=made.account(LONG))
    resting = made.exit_of(LONG, kind=OrderKind.LIMIT, limit_price=D(200))
    verdicts = screen([resting, made.exit_of(LONG)], [OPEN], view, working=[resting])
    assert [type(verdict) for verdict in verdicts] == [Approved, Approved]


def test_a_position_that_cannot_be_read_refuses_its_exit_instead_of_breaking_the_desk() -> None:
    broken = replace(LONG, quantity=D("sNaN"))
    verdict = one(made.exit_of(LONG), OPEN, view=made.view(of=made.account(broken)))
    assert isinstance(verdict, Refused)
    (violation,) = verdict.violations
    assert (violation.kind.name, violation.gate) == ("CANNOT_JUDGE", "reductions")
    assert violation.message.startswith("reductions: InvalidOperation")


def test_a_cancel_always_passes() -> None:
    cancel = made.order(kind=OrderKind.CANCEL, quantity="0", reduce_only=True)
    assert isinstance(one(cancel, CLOSED), Approved)
    assert isinstance(one(replace(cancel, reduce_only=False), CLOSED), Approved)


def protect(stop: float | None, take: float | None = None) -> Order:
    protection = Protection(stop_frac=stop, take_profit_frac=take)
    return made.order(kind=OrderKind.PROTECT, quantity="0", protection=protection, reduce_only=True)


def guarded(stop: float | None) -> View:
    protection = None if stop is None else Protection(stop_frac=stop)
    return made.view(of=made.account(made.position(protection=protection)))


@pytest.mark.parametrize(
    ("present", "wanted"), [(0.02, 0.02), (0.02, 0.01), (None, 0.5), (None, None)],
    ids=["kept", "tightened", "first", "only a target"],
)  # fmt: skip
def test_protection_that_keeps_or_tightens_the_stop_passes_every_gate(
    present: float | None, wanted: float | None
) -> None:
    assert isinstance(one(protect(wanted, 0.04), CLOSED, view=guarded(present)), Approved)


@pytest.mark.parametrize("wanted", [0.03, None, float("nan")], ids=["farther", "dropped", "not a number"])
def test_protection_that_loosens_the_stop_is_judged_like_an_opening(wanted: float | None) -> None:
    assert kinds(one(protect(wanted), CLOSED, view=guarded(0.02))) == ["KILL_SWITCH"]


TRAILS = Protection(stop_frac=0.02, trail_quote=1.5)


@pytest.mark.parametrize(
    "wanted", [Protection(stop_frac=0.02, trail_quote=9.0), Protection(stop_frac=0.01, trail_frac=0.5)]
)
def test_another_distance_of_a_trailing_stop_loosens_nothing_because_it_never_retreats(wanted: Protection) -> None:
    view = made.view(of=made.account(made.position(protection=TRAILS)))
    assert isinstance(one(replace(protect(None), protection=wanted), CLOSED, view=view), Approved)


@pytest.mark.parametrize("wanted", [Protection(stop_frac=0.02), Protection(trail_quote=1.5)])
def test_to_drop_a_trailing_stop_or_the_stop_beside_it_is_judged_like_an_opening(wanted: Protection) -> None:
    view = made.view(of=made.account(made.position(protection=TRAILS)))
    assert kinds(one(replace(protect(None), protection=wanted), CLOSED, view=view)) == ["KILL_SWITCH"]


@pytest.mark.parametrize("trail", [{"trail_frac": 0.0}, {"trail_quote": float("nan")}, {"trail_quote": -1.0}])
def test_a_trailing_stop_that_is_no_distance_is_refused(trail: dict[str, float]) -> None:
    order = replace(protect(None), protection=Protection(**trail))
    assert kinds(one(order, OPEN, view=guarded(None))) == ["INVALID_STOP"]


def test_protection_that_says_nothing_is_judged_like_an_opening() -> None:
    silent = replace(protect(None), protection=None)
    assert kinds(one(silent, CLOSED, view=guarded(0.02))) == ["KILL_SWITCH"]


@pytest.mark.parametrize("stop", [float("nan"), float("inf"), 0.0, -0.01])
def test_a_first_stop_that_is_no_distance_is_refused(stop: float) -> None:
    assert kinds(one(protect(stop), OPEN, view=guarded(None))) == ["INVALID_STOP"]


def test_protection_of_nothing_is_refused() -> None:
    assert kinds(one(protect(0.02), OPEN)) == ["NOT_REDUCING"]


# --- orders that are no orders ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        made.order(quantity="0"),
        made.order(quantity="-100"),
        made.order(quantity="NaN"),
        made.order(quantity="Infinity"),
        made.order(reference_price=D(0)),
        made.order(reference_price=D("NaN")),
        made.order(kind=OrderKind.LIMIT),
        made.order(kind=OrderKind.LIMIT, limit_price=D(-1)),
        made.order(limit_price=D(100)),
        made.order(kind=OrderKind.PROTECT, quantity="5", protection=Protection(stop_frac=0.04)),
    ],
)
def test_an_opening_order_that_is_not_whole_is_refused_before_any_gate(wrong: Order) -> None:
    view = guarded(0.02) if wrong.kind is OrderKind.PROTECT else made.view()
    verdict = one(wrong, OPEN, view=view)
    assert isinstance(verdict, Refused)
    assert {violation.gate for violation in verdict.violations} == {"shape"}


def test_an_order_that_reduces_without_saying_so_is_judged_like_any_other() -> None:
    held = made.position()
    sneaky = replace(made.exit_of(held), reduce_only=False)
    assert kinds(one(sneaky, CLOSED, view=made.view(of=made.account(held)))) == ["KILL_SWITCH"]
