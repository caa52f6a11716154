"""Risk as the desk uses it: observe, look, screen; flatten when asked; nothing forgotten over a restart."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from tests.unit.risk import made

from rung.domain.errors import UserError
from rung.domain.fill import Fill, Trigger
from rung.domain.order import Side
from rung.domain.target import Action, Protection
from rung.domain.verdicts import Refused, ViolationKind
from rung.domain.view import View
from rung.risk.gates.global_level import GlobalLevel
from rung.risk.gates.latched import Latched
from rung.risk.gates.order_rate import OrderRate
from rung.risk.gateway import build_latches
from rung.risk.global_risk import GlobalLimits
from rung.risk.guard import GLOBAL, BookRisk, Guard, slippage_bps
from rung.risk.latch import Consequence
from rung.risk.latches import Latches
from rung.risk.limit_sets import QtsRisk, SafetyGate
from rung.risk.limits import effective_limits
from rung.risk.other_latches import SlippageLatch, StreakLatch
from rung.risk.params import ScreenLimits
from rung.risk.states import TradingState

D = Decimal
MINUTE = 60_000_000_000


def view(minute: int = 0, equity: str = "100000", *held: made.Position) -> View:
    at_ns = made.NOON_NS + minute * MINUTE
    return made.view(made.slice_(at_ns=at_ns), made.account(*held, equity=D(equity), at_ns=at_ns))


def guard(*sets: object) -> Guard:
    latches = build_latches(effective_limits([each.limit_set(type(each).__name__) for each in sets]))  # type: ignore[attr-defined]
    return Guard(gates=(Latched(latches), OrderRate(100)), latches=latches)


def fill(price: str, side: Side = Side.BUY, reference: str = "100") -> Fill:
    return Fill(
        fill_id="f",
        order_id="o",
        at_ns=1,
        symbol="TQQQ",
        side=side,
        quantity=D(10),
        price=D(price),
        reference_price=D(reference),
        fee_quote=D(0),
        trigger=Trigger.ORDER,
        action=Action.ENTER_LONG,
        reason="test",
        closes=False,
    )


def test_a_daily_loss_of_five_percent_refuses_entries_and_asks_for_a_flat_book() -> None:
    one = guard(QtsRisk())
    assert one.look(view()).notes == ()
    said = one.look(view(1, "95000"))
    assert said.flatten
    assert said.withdraw
    assert not one.latches.wants_kill
    assert said.notes == ("latch QtsRisk.daily_loss tripped: daily_loss is 5 % in this session",)
    (verdict,) = one.screen([made.order()], view(1, "95000"))
    assert isinstance(verdict, Refused)


def test_a_drawdown_of_ten_percent_asks_for_the_kill_switch_as_long_as_it_is_latched() -> None:
    one = guard(SafetyGate())
    one.look(view())
    one.look(view(1, "90000"))
    assert one.latches.wants_kill
    one.look(view(2, "99000"))
    assert one.latches.wants_kill
    one.rearm("SafetyGate.drawdown_kill", made.NOON_NS + 3 * MINUTE, "ann", "looked")
    one.look(view(4, "99000"))
    assert not one.latches.wants_kill


def test_slippage_is_counted_per_fill_in_basis_points_of_the_price_before_it() -> None:
    assert slippage_bps(fill("100.15")) == pytest.approx(15.0)
    assert slippage_bps(fill("99.85", Side.SELL)) == pytest.approx(15.0)
    assert slippage_bps(fill("99.85")) == pytest.approx(-15.0)
    assert str(slippage_bps(fill("100", reference="0"))) == "nan"
    assert str(slippage_bps(fill("100", reference="NaN"))) == "nan"


def test_an_anomaly_of_slippage_is_measured_from_the_fills_and_reduces() -> None:
    then = Consequence(state=TradingState.REDUCED, kind=ViolationKind.SLIPPAGE, revert=True)
    one = Guard(gates=(), latches=Latches([SlippageLatch("slippage", 15.0, 2, then)]))
    assert one.look(view(), [fill("100.20")]).notes == ()
    said = one.look(view(1), [fill("100.20")])
    (note,) = said.notes
    assert note == (
        "latch slippage tripped: mean slippage of the last 2 fills is 20 bps; go back to the parameters before these"
    )
    assert not said.withdraw
    assert one.latches.state is TradingState.REDUCED


def test_a_thrown_kill_switch_withdraws_and_flattens_only_when_that_was_asked_for() -> None:
    one = guard(QtsRisk())
    one.kill.found("enough")
    assert (one.look(view()).withdraw, one.look(view(1)).flatten) == (True, False)
    one.kill.found("enough", flatten=True)
    assert one.look(view(2)).flatten
    one.kill.found(None, flatten=True)
    assert (one.look(view(3)).withdraw, one.look(view(4)).flatten) == (False, False)


def test_deposits_are_told_to_the_latches() -> None:
    one = guard(QtsRisk())
    one.look(view())
    assert one.look(view(1, "50000"), flow_quote=D(-50_000)).notes == ()


def assessing(every: int = 2) -> Guard:
    book = BookRisk(GlobalLimits(), every=every)
    gate = GlobalLevel(book.level, max_symbol_frac=1, caution_factor=0.5)
    return Guard(gates=(gate,), latches=Latches([]), book=book)


def test_the_book_is_assessed_at_once_and_then_every_so_many_slices() -> None:
    one = assessing()
    concentrated = made.position("TQQQ", "990")
    for minute, note in enumerate(("EMERGENCY", None, None)):
        seen = view(minute, "100000", concentrated)
        one.observe(seen.slice)
        said = one.look(seen)
        assert said.withdraw
        notes = said.notes
        assert (note in notes[0]) if note else notes == ()
    (verdict,) = one.screen([made.order()], seen)
    assert isinstance(verdict, Refused)
    assert "by ann: spread out" in one.rearm(GLOBAL, seen.slice.at_ns, "ann", "spread out")


def test_without_an_assessor_there_is_no_level_to_re_arm() -> None:
    with pytest.raises(UserError, match="nobody assesses"):
        guard(QtsRisk()).rearm(GLOBAL, 1, "ann", "x")


def test_everything_survives_a_restart() -> None:
    before, after = guard(QtsRisk()), guard(QtsRisk())
    before.look(view())
    before.look(view(1, "94000"))
    before.screen([made.order()], view(1, "94000"))
    after.recall(json.loads(json.dumps(before.memory())))
    assert after.memory() == before.memory()
    assert after.look(view(2, "94000")).flatten


def test_losing_round_trips_are_told_to_the_latches() -> None:
    then = Consequence(state=TradingState.CLOSE_ONLY, kind=ViolationKind.CONSECUTIVE_LOSSES)
    one = Guard(gates=(), latches=Latches([StreakLatch("streak", 2, then)]))
    lost = (D(-1), D(-2))
    one.look(view())
    at_ns = made.NOON_NS + MINUTE
    account = made.account(at_ns=at_ns, closed=lost)
    said = one.look(made.view(made.slice_(at_ns=at_ns), account))
    assert said.notes == ("latch streak tripped: 2 losing round trips in a row",)
    assert said.withdraw


def test_a_change_of_the_book_is_said_after_what_the_latches_said() -> None:
    one = assessing(every=1)
    latched = guard(QtsRisk())
    latched.book = one.book
    concentrated = made.position("TQQQ", "990")
    latched.look(view())
    seen = view(2, "94000", concentrated)
    latched.observe(seen.slice)
    first, second = latched.look(seen).notes
    assert first.startswith("latch QtsRisk.daily_loss tripped")
    assert second.startswith("global risk NORMAL")


def test_remarks_are_made_on_openings_that_passed_and_on_nothing_else() -> None:
    """QTS: a stop away from 1.5 × ATR is a remark."""
    one = made.guard(QtsRisk())
    for minute in range(30):
        at_ns = made.NOON_NS + (minute - 29) * MINUTE
        one.observe(made.slice_(made.bar(at_ns=at_ns), at_ns=at_ns))
    seen = view()
    one.look(seen)
    far = made.order(protection=Protection(stop_frac=0.05))
    verdicts = one.screen([far, made.order("TQQQ", "100000")], seen)
    (remark,) = one.advice(verdicts, seen)
    assert "ATR" in remark
    assert one.advice(verdicts, seen) == (), "once per symbol and session"
    held = made.position("TQQQ", "10")
    leaving = view(0, "100000", held)
    assert one.advice(one.screen([made.exit_of(held)], leaving), leaving) == ()


def test_the_level_of_the_book_is_kept_over_a_restart_with_its_reason() -> None:
    one = assessing(every=1)
    seen = view(0, "100000", made.position("TQQQ", "990"))
    one.observe(seen.slice)
    one.look(seen)
    kept = json.loads(json.dumps(one.memory()))
    assert kept["global"]["level"] == "EMERGENCY"
    after = assessing()
    after.recall(kept)
    assert after.level is not None
    assert after.level.reason
    (verdict,) = after.screen([made.order()], view(60))
    assert isinstance(verdict, Refused), "an emergency does not expire"


def test_orders_that_still_work_count_in_what_the_guard_screens() -> None:
    one = made.guard(ScreenLimits(max_symbol_notional_frac=0.25))
    one.observe(view().slice)
    one.look(view())
    working = made.order(quantity="200", order_id="before")
    (verdict,) = one.screen([made.order(quantity="100")], view(), working=[working])
    assert isinstance(verdict, Refused)
    assert made.kinds(verdict.violations) == ["NOTIONAL_SYMBOL"]


def test_it_says_how_much_of_the_past_it_remembers() -> None:
    assert made.guard(ScreenLimits()).remembers == 2
    for measuring in (QtsRisk(), GlobalLimits(), SafetyGate()):
        assert made.guard(ScreenLimits(), measuring).remembers is None
    tripped = made.guard(ScreenLimits())
    tripped.latches.trip("manual", 1, "a test")
    assert tripped.remembers is None
