"""All latches of an account together: the worst state wins, nothing tripped is ever lost."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal

import pytest
from tests.unit.risk import made

from rung.domain.errors import Refusable, UserError
from rung.domain.verdicts import ViolationKind
from rung.risk.gates.latched import Latched
from rung.risk.gates.trading_state import TradingStateGate
from rung.risk.latch import Consequence, Latch, LatchChange, LatchFacts
from rung.risk.latches import CLOCK, MANUAL, Latches
from rung.risk.loss_latch import LossLatch, LossRule, Period
from rung.risk.other_latches import SlippageLatch, StreakLatch, newly_closed
from rung.risk.states import TradingState, worst

D = Decimal
MINUTE = 60_000_000_000


def facts(minute: int = 0, equity: object = 100, **fields: object) -> LatchFacts:
    at_ns = made.NOON_NS + minute * MINUTE
    return LatchFacts(at_ns=at_ns, session=made.SESSION, equity_quote=D(str(equity)), **fields)  # type: ignore[arg-type]


def then(state: TradingState = TradingState.CLOSE_ONLY, **fields: object) -> Consequence:
    return Consequence(state=state, kind=ViolationKind.CIRCUIT_BREAKER, **fields)  # type: ignore[arg-type]


def plain(name: str, state: TradingState, **fields: object) -> Latch:
    return Latch(name, then(state, **fields))


def loss(name: str, limit: str, **fields: object) -> LossLatch:
    rule = LossRule(
        name=name,
        origin="o",
        period=Period.SESSION,
        limit_frac=D(limit),
        consequence=then(**fields),  # type: ignore[arg-type]
    )
    return LossLatch(rule)


@pytest.mark.parametrize("states", list(itertools.permutations(TradingState, 3)))
def test_a_milder_state_never_overwrites_a_worse_one_whatever_the_order(states: tuple[TradingState, ...]) -> None:
    latches = Latches([plain(str(number), state) for number, state in enumerate(states)])
    latches.tick(facts())
    for number in range(len(states)):
        latches.trip(str(number), made.NOON_NS, "test")
        assert latches.state is worst(states[: number + 1])


def test_nobody_objecting_is_active() -> None:
    assert worst([]) is TradingState.ACTIVE
    assert Latches([]).state is TradingState.ACTIVE


def test_re_arming_one_latch_leaves_the_state_of_the_others() -> None:
    latches = Latches([plain("a", TradingState.HALTED), plain("b", TradingState.REDUCED)])
    for name in "ab":
        latches.trip(name, 1, "test")
    latches.rearm("a", 2, "ann", "done")
    assert latches.state is TradingState.REDUCED


def test_every_latch_is_ticked_and_every_event_told() -> None:
    latches = Latches([loss("small", "0.01"), loss("large", "0.05", flatten=True, kill=True)])
    latches.tick(facts())
    events = latches.tick(facts(1, 95))
    assert [(event.latch, event.change) for event in events] == [
        ("o.small", LatchChange.TRIPPED),
        ("o.large", LatchChange.TRIPPED),
    ]
    assert latches.wants_flat
    assert latches.wants_kill


def test_time_that_goes_back_halts_until_a_person_looks() -> None:
    latches = Latches([loss("small", "0.01")])
    latches.tick(facts(5))
    (event,) = latches.tick(facts(4, 50))
    assert event.latch == CLOCK
    assert latches.state is TradingState.HALTED
    assert latches.tick(facts(6)) == ()
    latches.rearm(CLOCK, facts(7).at_ns, "ann", "clock was stepped")
    assert latches.state is TradingState.ACTIVE


def test_people_can_halt_the_desk_by_hand() -> None:
    latches = Latches([])
    latches.trip(MANUAL, 1, "I do not like this")
    assert latches.state is TradingState.HALTED


def test_an_unknown_latch_is_a_mistake_that_names_the_known() -> None:
    with pytest.raises(UserError, match=r"no latch 'x'.*manual"):
        Latches([]).trip("x", 1, "test")


def test_two_latches_cannot_share_a_name() -> None:
    with pytest.raises(ValueError, match="share a name"):
        Latches([plain("a", TradingState.HALTED), plain("a", TradingState.REDUCED)])


def test_a_restart_keeps_everything_bit_for_bit() -> None:
    def build() -> Latches:
        return Latches(
            [loss("small", "0.01"), StreakLatch("streak", 3, then()), SlippageLatch("slip", 15.0, 2, then())]
        )

    before, after = build(), build()
    before.tick(facts(0, 100, closed_trades_quote=(D(-1),), slippage_bps=(0.1 + 0.2,)))
    before.tick(facts(1, 98.9, closed_trades_quote=(D(-1), D("-0.1"))))
    before.trip(MANUAL, 5, "by hand")
    after.restore(json.loads(json.dumps(before.to_dict())))
    assert after.to_dict() == before.to_dict()
    assert after.tripped == before.tripped
    following = facts(2, 98, closed_trades_quote=(D(-1), D("-0.1"), D(-3)), slippage_bps=(30.0,))
    assert after.tick(following) == before.tick(following)
    assert after.to_dict() == before.to_dict()


def test_a_tripped_latch_is_not_escaped_by_deleting_its_limit() -> None:
    before = Latches([loss("small", "0.01", kill=True)])
    before.tick(facts())
    before.tick(facts(1, 98))
    after = Latches([])
    after.restore(before.to_dict())
    assert after.state is TradingState.CLOSE_ONLY
    assert after.wants_kill
    after.tick(facts(2, 1000))
    assert "o.small" in after.tripped
    after.restore(json.loads(json.dumps(after.to_dict())))
    after.rearm("o.small", facts(3).at_ns, "ann", "the limit is gone for good")
    assert after.state is TradingState.ACTIVE
    assert "o.small" not in after.to_dict()["latches"]


def test_a_forgotten_latch_that_was_not_tripped_is_no_loss() -> None:
    before, after = Latches([loss("small", "0.01")]), Latches([])
    before.tick(facts())
    after.restore(before.to_dict())
    assert set(after.to_dict()["latches"]) == {MANUAL, CLOCK}


# --- the gates on them ------------------------------------------------------------------------------------------------


def test_the_gate_names_every_tripped_latch_that_opens_nothing() -> None:
    latches = Latches([plain("a", TradingState.CLOSE_ONLY), plain("b", TradingState.REDUCED)])
    latches.tick(facts())
    latches.trip("a", made.NOON_NS, "too hot")
    latches.trip("b", made.NOON_NS, "warm")
    latches.trip(MANUAL, made.NOON_NS, "by hand")
    violations = Latched(latches).check(made.order(), made.view(), ())
    assert [(v.kind.name, v.message) for v in violations] == [
        ("CIRCUIT_BREAKER", "latch a is tripped: too hot"),
        ("TRADING_STATE", "latch manual is tripped: by hand"),
    ]


def test_latches_that_were_not_ticked_with_this_slice_cannot_be_judged_by() -> None:
    with pytest.raises(Refusable, match="not shown this slice"):
        Latched(Latches([])).check(made.order(), made.view(), ())


@pytest.mark.parametrize(("quantity", "refused"), [("200", False), ("200.1", True)])
def test_reduced_opens_up_to_half_the_size_exactly_at_it_included(quantity: str, refused: bool) -> None:
    latches = Latches([plain("a", TradingState.REDUCED)])
    latches.trip("a", 1, "test")
    gate = TradingStateGate(latches, max_symbol_frac=0.4, reduced_factor=0.5)
    violations = gate.check(made.order(quantity=quantity), made.view(), ())
    assert bool(violations) is refused
    assert all(violation.adjusted_quantity == 200 for violation in violations)


@pytest.mark.parametrize("state", [TradingState.CLOSE_ONLY, TradingState.HALTED])
def test_close_only_and_halted_open_nothing_at_all(state: TradingState) -> None:
    latches = Latches([plain("a", state)])
    gate = TradingStateGate(latches, max_symbol_frac=0.4, reduced_factor=0.5)
    assert gate.check(made.order(quantity="1"), made.view(), ()) == ()
    latches.trip("a", 1, "test")
    assert made.kinds(gate.check(made.order(quantity="1"), made.view(), ())) == ["TRADING_STATE"]


# --- streaks and slippage ---------------------------------------------------------------------------------------------


def trades(*results: object) -> tuple[Decimal, ...]:
    return tuple(D(str(result)) for result in results)


def test_the_fifth_loss_in_a_row_trips_and_a_win_starts_anew() -> None:
    streak = StreakLatch("streak", 5, then())
    assert streak.tick(facts(0, closed_trades_quote=trades(-1, -2, -3, -4))) == ()
    assert streak.tick(facts(1, closed_trades_quote=trades(-1, -2, -3, -4, 1))) == ()
    assert streak.tick(facts(2, closed_trades_quote=trades(-1, -2, -3, -4, 1, -1, -2, -3, -4))) == ()
    (event,) = streak.tick(facts(3, closed_trades_quote=trades(-2, -3, -4, 1, -1, -2, -3, -4, -5)[1:]))
    assert event.change is LatchChange.TRIPPED


def test_a_trade_at_zero_neither_breaks_nor_lengthens_a_streak() -> None:
    streak = StreakLatch("streak", 2, then())
    assert streak.tick(facts(0, closed_trades_quote=trades(-1, 0))) == ()
    assert len(streak.tick(facts(1, closed_trades_quote=trades(-1, 0, -1)))) == 1


def test_a_re_armed_streak_counts_anew() -> None:
    streak = StreakLatch("streak", 2, then())
    streak.tick(facts(0, closed_trades_quote=trades(-1, -2)))
    streak.rearm(facts(1).at_ns, "ann", "changed the stop")
    assert streak.tick(facts(2, closed_trades_quote=trades(-1, -2, -3))) == ()
    assert len(streak.tick(facts(3, closed_trades_quote=trades(-1, -2, -3, -4)))) == 1


def test_a_streak_with_a_timer_opens_when_it_is_over_and_counts_anew() -> None:
    streak = StreakLatch("streak", 2, then(cooldown_ns=10 * MINUTE))
    streak.tick(facts(0, closed_trades_quote=trades(-1, -2)))
    assert streak.tick(facts(9, closed_trades_quote=trades(-1, -2))) == ()
    (event,) = streak.tick(facts(10, closed_trades_quote=trades(-1, -2)))
    assert event.change is LatchChange.REARMED
    assert streak.tick(facts(11, closed_trades_quote=trades(-1, -2))) == ()


def test_a_result_that_is_no_number_trips() -> None:
    streak = StreakLatch("streak", 2, then())
    assert len(streak.tick(facts(0, closed_trades_quote=trades("NaN")))) == 1


@pytest.mark.parametrize(
    ("before", "now", "new"),
    [
        ((), (), ()),
        ((), (1,), (1,)),
        ((1,), (1, 1), (1,)),
        ((1, 2), (1, 2), ()),
        ((1, 2, 3), (2, 3, 4), (4,)),
        ((1, 2, 3), (4, 5, 6), (4, 5, 6)),
        ((1, 2, 3), (3, 9, 9), (9, 9)),
    ],
)
def test_new_trades_are_told_from_the_window_on_them(
    before: tuple[int, ...], now: tuple[int, ...], new: object
) -> None:
    assert newly_closed(trades(*before), trades(*now)) == trades(*new)  # type: ignore[misc]


def test_slippage_above_fifteen_basis_points_on_average_asks_for_the_previous_parameters() -> None:
    latch = SlippageLatch("slippage", 15.0, 4, then(TradingState.REDUCED, revert=True))
    assert latch.tick(facts(0, slippage_bps=(90.0, 90.0, 90.0))) == ()  # not a full window yet
    (event,) = latch.tick(facts(1, slippage_bps=(90.0,)))
    assert event.consequence.revert
    latch.rearm(facts(2).at_ns, "ann", "smaller orders")
    assert latch.tick(facts(3, slippage_bps=(15.0,) * 4)) == ()  # exactly at the limit
    assert len(latch.tick(facts(4, slippage_bps=(15.1,)))) == 1


def test_a_slippage_that_cannot_be_measured_trips() -> None:
    latch = SlippageLatch("slippage", 15.0, 4, then())
    assert len(latch.tick(facts(0, slippage_bps=(float("nan"),)))) == 1


def test_slippage_with_a_timer_opens_with_an_empty_window() -> None:
    latch = SlippageLatch("slippage", 15.0, 2, then(cooldown_ns=MINUTE))
    latch.tick(facts(0, slippage_bps=(20.0, 20.0)))
    (event,) = latch.tick(facts(1))
    assert event.change is LatchChange.REARMED
    assert latch.tick(facts(2, slippage_bps=(20.0,))) == ()


def test_a_breaker_tripped_from_outside_opens_by_its_timer() -> None:
    latches = Latches([plain("breaker", TradingState.CLOSE_ONLY, cooldown_ns=60 * MINUTE)])
    latches.tick(facts())
    latches.trip("breaker", facts().at_ns, "five errors in a row")
    assert latches.tick(facts(59)) == ()
    assert len(latches.tick(facts(60))) == 1
    assert latches.state is TradingState.ACTIVE


# --- what is told -----------------------------------------------------------------------------------------------------


def test_two_looks_at_one_instant_are_no_step_back() -> None:
    latches = Latches([loss("small", "0.01")])
    latches.tick(facts(5))
    assert latches.tick(facts(5)) == ()
    assert latches.state is TradingState.ACTIVE


def test_a_step_back_is_told_with_both_times() -> None:
    latches = Latches([])
    latches.tick(facts(5))
    latches.tick(facts(4))
    trip, _ = latches.tripped[CLOCK]
    assert (trip.value, trip.limit) == (str(facts(4).at_ns), str(facts(5).at_ns))


def test_every_event_has_its_time() -> None:
    latches = Latches([loss("small", "0.05", cooldown_ns=0)])
    latches.tick(facts(0))
    for minute, equity in ((1, 95.5), (2, 94), (3, 100)):
        (event,) = latches.tick(facts(minute, equity))
        assert event.at_ns == facts(minute).at_ns
    latches.trip(MANUAL, 7, "by hand")
    assert latches.rearm(MANUAL, 8, "ann", "x").at_ns == 8


def test_a_latch_can_be_re_armed_in_the_very_instant_it_tripped() -> None:
    latches = Latches([])
    latches.trip(MANUAL, 7, "by hand")
    latches.rearm(MANUAL, 7, "ann", "by mistake")
    assert latches.state is TradingState.ACTIVE


def test_people_are_warned_anew_after_a_latch_opened() -> None:
    latches = Latches([loss("small", "0.05", cooldown_ns=0)])
    for minute, equity in ((0, 100), (1, 95.5), (2, 94), (3, 100)):
        latches.tick(facts(minute, equity))
    (event,) = latches.tick(facts(4, 95.5))
    assert event.change is LatchChange.WARNED


def test_a_warning_given_before_a_restart_is_not_given_again() -> None:
    before, after = Latches([loss("small", "0.05")]), Latches([loss("small", "0.05")])
    before.tick(facts(0))
    assert len(before.tick(facts(1, 95.5))) == 1
    after.restore(before.to_dict())
    assert after.tick(facts(2, 95.5)) == ()


def test_every_stored_latch_comes_back_also_after_one_that_is_forgotten() -> None:
    before = Latches([loss("gone", "0.5"), loss("kept", "0.01"), loss("lost", "0.02")])
    before.tick(facts(0))
    before.tick(facts(1, 98))
    after = Latches([loss("kept", "0.01")])
    after.restore(before.to_dict())
    assert set(after.tripped) == {"o.kept", "o.lost"}
    event = after.rearm("o.lost", facts(2).at_ns, "ann", "x")
    assert event.latch == "o.lost"


def test_the_quantity_offered_when_reduced_leaves_out_what_is_held() -> None:
    latches = Latches([plain("a", TradingState.REDUCED)])
    latches.trip("a", 1, "test")
    gate = TradingStateGate(latches, max_symbol_frac=0.4, reduced_factor=0.5)
    held = made.view(of=made.account(made.position(quantity="50")))
    (violation,) = gate.check(made.order(quantity="151"), held, ())
    assert violation.adjusted_quantity == 150
    assert gate.check(made.order(quantity="150"), held, ()) == ()


def test_a_new_rule_of_the_same_period_goes_on_from_what_was_lost_before() -> None:
    """Renaming a limit file or stepping down a profile forgives nothing."""

    def session_rule(origin: str, limit: str) -> LossLatch:
        then = Consequence(state=TradingState.CLOSE_ONLY, kind=ViolationKind.DAILY_LOSS)
        rule = LossRule(name="daily_loss", origin=origin, period=Period.SESSION, limit_frac=D(limit), consequence=then)
        return LossLatch(rule)

    before = Latches([session_rule("normal", "0.05")])
    for minute, equity in enumerate((D(100), D(97))):
        before.tick(facts(minute, equity))
    after = Latches([session_rule("low", "0.025")])
    after.restore(json.loads(json.dumps(before.to_dict())))
    (rule,) = after.losses()
    assert rule.usage() == D("1.2")
    events = after.tick(facts(2, D(97)))
    assert [event.latch for event in events] == ["low.daily_loss"]


def test_a_clock_that_ran_ahead_is_set_right_by_a_person() -> None:
    latches = Latches([])
    latches.tick(facts(10**9, D(100)))
    assert latches.tick(facts(1, D(100)))
    latches.rearm("clock", made.NOON_NS + 2 * MINUTE, "ann", "the clock was wrong")
    assert latches.tick(facts(3, D(100))) == ()
    assert latches.state is TradingState.ACTIVE
