"""Loss limits: mark-to-market, on their own periods, without deposits, latched, bit for bit over a restart."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.domain.session import Session
from rung.domain.verdicts import ViolationKind
from rung.risk.latch import Consequence, LatchChange, LatchEvent, LatchFacts
from rung.risk.loss_latch import DAY_NS, HOUR_NS, LossLatch, LossRule, Period
from rung.risk.states import TradingState

D = Decimal
MONDAY_NS = 1_757_894_400_000_000_000  # 2025-09-15 00:00 UTC
MINUTE = NS_PER_MINUTE


def session(day: int) -> Session:
    open_ns = MONDAY_NS + day * DAY_NS + 13 * HOUR_NS + 30 * MINUTE
    return Session(date=f"2025-09-{15 + day}", open_ns=open_ns, close_ns=open_ns + 390 * MINUTE)


def latch(
    period: Period = Period.SESSION,
    limit: str = "0.05",
    *,
    at_limit: bool = True,
    **consequence: object,
) -> LossLatch:
    then = Consequence(state=TradingState.CLOSE_ONLY, kind=ViolationKind.DAILY_LOSS, **consequence)  # type: ignore[arg-type]
    rule = LossRule(
        name="loss", origin="set", period=period, limit_frac=D(limit), consequence=then, trips_at_limit=at_limit
    )
    return LossLatch(rule)


def tick(one: LossLatch, equity: object, minute: float = 0, *, day: int = 0, flow: object = 0) -> list[LatchChange]:
    at = session(day)
    facts = LatchFacts(
        at_ns=at.open_ns + round(minute * MINUTE),
        session=at,
        equity_quote=D(str(equity)),
        flow_quote=D(str(flow)),
    )
    return changes(one.tick(facts))


def changes(events: tuple[LatchEvent, ...]) -> list[LatchChange]:
    return [event.change for event in events]


TRIPPED, WARNED, REARMED = [LatchChange.TRIPPED], [LatchChange.WARNED], [LatchChange.REARMED]


@pytest.mark.parametrize(("at_limit", "equity", "trips"), [
    (True, "95", True), (True, "95.0000001", False), (False, "95", False), (False, "94.9999999", True),
])  # fmt: skip
def test_exactly_at_the_limit_trips_or_passes_as_the_rule_says(at_limit: bool, equity: str, trips: bool) -> None:
    one = latch(at_limit=at_limit)
    tick(one, 100)
    tick(one, equity, 1)
    assert (one.tripped is not None) is trips


def test_a_loss_is_measured_from_the_last_equity_before_the_session_so_gaps_count() -> None:
    one = latch()
    tick(one, 100, 390)
    assert tick(one, 94, 1, day=1) == TRIPPED


def test_a_new_session_starts_a_new_loss() -> None:
    one = latch()
    tick(one, 100)
    tick(one, 96.5, 390)
    assert tick(one, 93, 1, day=1) == []  # 3.6 % of today, 7 % of two days


def test_the_loss_is_of_the_period_not_of_the_initial_equity() -> None:
    one = latch()
    tick(one, 100)
    tick(one, 50, 1)
    one.rearm(session(0).close_ns, "ann", "looked at it")
    assert tick(one, 48, 10) == WARNED
    assert tick(one, 47.5, 11) == TRIPPED


@pytest.mark.parametrize(
    ("period", "before", "after"),
    [
        (Period.HOUR, 30, 31),  # 14:00 UTC belongs to the hour it ends
        (Period.DAY, 630, 631),  # midnight UTC as well
    ],
)
def test_a_slice_at_a_boundary_belongs_to_the_period_it_ends(period: Period, before: int, after: int) -> None:
    one = latch(period)
    tick(one, 100, before - 1)
    tick(one, 96.5, before)
    assert one.usage() == D("0.7")
    tick(one, 96.5, after)
    assert one.usage() == 0


def test_a_week_runs_from_monday_to_sunday() -> None:
    one = latch(Period.WEEK)
    tick(one, 100, day=4)
    tick(one, 97, day=6)
    assert one.usage() == D("0.6")
    tick(one, 97, day=7)
    assert one.usage() == 0


def test_drawdown_is_measured_from_the_highest_equity() -> None:
    one = latch(Period.PEAK, "0.10")
    for equity in (100, 120, 110):
        assert tick(one, equity) == WARNED * (equity == 110)
    assert tick(one, 108, 1) == TRIPPED


def test_the_total_loss_never_starts_anew_by_itself() -> None:
    one = latch(Period.START, "0.10")
    for day in range(9):
        tick(one, 100 - day, day=day)
    assert tick(one, 90, day=9) == TRIPPED


@pytest.mark.parametrize("period", list(Period))
def test_deposits_and_withdrawals_are_not_profit_or_loss(period: Period) -> None:
    one = latch(period)
    tick(one, 100, 1)
    assert tick(one, 20, 2, flow=-80) == []
    assert tick(one, 1020, 3, flow=1000) == []
    assert tick(one, 979.2, 4) == WARNED  # 4 %
    assert tick(one, 969, 5) == TRIPPED  # 5 % of 1020


def test_a_loss_hidden_in_a_deposit_is_found() -> None:
    one = latch()
    tick(one, 100, 1)
    assert tick(one, 194, 2, flow=100) == TRIPPED  # 6 lost before the 100 came


def test_a_withdrawal_of_everything_leaves_nothing_to_measure_and_trips() -> None:
    one = latch()
    tick(one, 100, 1)
    assert tick(one, 0, 2, flow=-100) == TRIPPED


@pytest.mark.parametrize("equity", ["NaN", "Infinity", "-Infinity"])
def test_an_equity_that_is_no_number_trips_and_never_opens(equity: str) -> None:
    one = latch(cooldown_ns=MINUTE)
    tick(one, 100)
    assert tick(one, equity, 1) == TRIPPED
    assert tick(one, equity, 60) == []
    assert one.tripped is not None
    assert tick(one, 100, 61) == [], "a person has to look"
    one.rearm(session(0).open_ns + 61 * MINUTE, "ann", "the feed was broken")
    assert tick(one, 100, 62) == []
    assert one.tripped is None


def test_blindness_survives_a_restart_and_the_next_period_too() -> None:
    one, again = latch(next_period=True), latch(next_period=True)
    tick(one, "NaN")
    again.restore(json.loads(json.dumps(one.to_dict())))
    assert tick(again, 100, 24 * 60) == []
    assert again.tripped is not None


def test_a_flow_that_is_no_number_trips_too() -> None:
    one = latch()
    tick(one, 100)
    assert tick(one, 100, 1, flow="NaN") == TRIPPED


def test_no_equity_at_all_from_the_start_trips() -> None:
    assert tick(latch(), 0) == TRIPPED
    assert tick(latch(), -5) == TRIPPED


def test_people_are_warned_once_per_period_at_eighty_percent() -> None:
    one = latch()
    tick(one, 100)
    assert tick(one, 96.01, 1) == []
    assert tick(one, 96, 2) == WARNED
    assert tick(one, 97, 3) == []
    assert tick(one, 95.5, 4) == []
    assert tick(one, 91.6, 1, day=1) == WARNED


def test_a_timer_opens_only_when_the_loss_is_gone_as_well() -> None:
    one = latch(Period.HOUR, cooldown_ns=HOUR_NS)
    tick(one, 100, 1)
    assert tick(one, 94, 2) == TRIPPED
    assert tick(one, 94, 61.99) == []
    assert tick(one, 94, 62) == REARMED  # an hour later, in a new hour

    held = latch(Period.SESSION, cooldown_ns=HOUR_NS)
    tick(held, 100, 1)
    tick(held, 94, 2)
    assert tick(held, 94, 300) == []  # the session still shows the loss
    assert tick(held, 94, 1, day=1) == REARMED


def test_a_latch_until_the_next_period_opens_with_it_and_not_before() -> None:
    one = latch(next_period=True)
    tick(one, 100)
    assert tick(one, 94, 1) == TRIPPED
    assert tick(one, 99, 2) == []
    assert tick(one, 99, 1, day=1) == REARMED


def test_without_timer_only_a_person_opens() -> None:
    one = latch()
    tick(one, 100)
    tick(one, 94, 1)
    for day in range(1, 9):
        assert tick(one, 200, 1, day=day) == []
    event = one.rearm(session(9).open_ns, "ann", "found the bug")
    assert (event.change, event.person, event.reason) == (LatchChange.REARMED, "ann", "found the bug")
    assert one.tripped is None


def test_the_first_reason_stands() -> None:
    one = latch()
    tick(one, 100)
    tick(one, 94, 1)
    first = one.tripped
    tick(one, 50, 2)
    assert one.tripped == first
    assert first is not None
    assert (first.value, first.limit) == ("6 %", "5 %")


@pytest.mark.parametrize(("person", "reason"), [("", "why"), ("ann", " "), ("ann", "")])
def test_nobody_re_arms_without_name_and_reason(person: str, reason: str) -> None:
    one = latch()
    one.trip(1, "test")
    with pytest.raises(UserError, match="person with a reason"):
        one.rearm(2, person, reason)
    assert one.tripped is not None


def test_re_arming_before_the_trip_or_without_one_is_a_mistake() -> None:
    one = latch()
    with pytest.raises(UserError, match="not tripped"):
        one.rearm(1, "ann", "why")
    one.trip(5, "test")
    with pytest.raises(UserError, match="clock"):
        one.rearm(4, "ann", "why")


def test_a_re_armed_drawdown_measures_from_where_it_was_accepted() -> None:
    one = latch(Period.PEAK, "0.10")
    tick(one, 100)
    tick(one, 90, 1)
    one.rearm(session(0).close_ns, "ann", "accepted")
    assert tick(one, 89, 400) == []
    assert tick(one, 81, 401) == TRIPPED


@pytest.mark.parametrize("limit", ["0", "-0.05", "1.01", "NaN"])
def test_a_limit_that_is_no_fraction_is_refused(limit: str) -> None:
    with pytest.raises((ValueError, ArithmeticError)):
        latch(limit=limit)


@pytest.mark.parametrize("equities", [(100, 97.123456789), (100, 94), (100, "NaN"), ()])
def test_a_latch_survives_a_restart_bit_for_bit(equities: tuple[object, ...]) -> None:
    before, after = latch(cooldown_ns=HOUR_NS), latch(cooldown_ns=HOUR_NS)
    for minute, equity in enumerate(equities):
        tick(before, equity, minute)
    after.restore(json.loads(json.dumps(before.to_dict())))
    assert after.to_dict() == before.to_dict()
    for equity in (96, 93, 100):
        assert tick(after, equity, 200) == tick(before, equity, 200)
        assert after.to_dict() == before.to_dict()


def test_usage_is_the_share_of_the_limit_and_unknown_before_anything_was_measured() -> None:
    one = latch()
    assert one.usage() is None
    tick(one, 100)
    tick(one, 99, 1)
    assert one.usage() == D("0.2")
    tick(one, 105, 2)
    assert one.usage() == 0


def test_an_event_reads_as_a_sentence() -> None:
    one = latch()
    (event,) = one.trip(7, "because")
    assert str(event) == "latch set.loss tripped: because"
    assert str(replace(event, person="ann")) == "latch set.loss tripped by ann: because"


# --- limits in money --------------------------------------------------------------------------------------------------


def money(limit: str, period: Period = Period.SESSION) -> LossLatch:
    then = Consequence(state=TradingState.HALTED, kind=ViolationKind.TOTAL_LOSS)
    return LossLatch(LossRule(name="loss", origin="set", period=period, limit_quote=D(limit), consequence=then))


@pytest.mark.parametrize("equity", ["7", "100", "333333.33"])
def test_five_dollars_are_five_dollars_whatever_the_account_is_worth(equity: str) -> None:
    one = money("5")
    tick(one, equity)
    assert tick(one, D(equity) - D("4.01"), 1) == WARNED
    assert tick(one, D(equity) - 5, 2) == TRIPPED
    assert one.tripped is not None
    assert (one.tripped.value, one.tripped.limit) == ("5.00", "5.00")


def test_a_deposit_neither_hides_nor_enlarges_a_loss_in_money() -> None:
    one = money("10", Period.START)
    tick(one, 100)
    tick(one, 93, 1)
    assert tick(one, 193, 2, flow=100) == []
    assert one.usage() == D("0.7")
    assert tick(one, 190, 3) == TRIPPED


def test_usage_of_a_limit_in_money_is_its_share() -> None:
    one = money("5")
    tick(one, 100)
    tick(one, 99, 1)
    assert one.usage() == D("0.2")


@pytest.mark.parametrize("limits", [{}, {"limit_frac": D("0.1"), "limit_quote": D(5)}, {"limit_quote": D(0)},
                                    {"limit_quote": D("NaN")}])  # fmt: skip
def test_a_loss_limit_is_one_fraction_or_one_amount(limits: dict[str, Decimal]) -> None:
    with pytest.raises(ValueError, match=r"set\.loss"):
        LossRule(
            name="loss",
            origin="set",
            period=Period.DAY,
            consequence=Consequence(state=TradingState.HALTED, kind=ViolationKind.DAILY_LOSS),
            **limits,
        )


def test_a_whole_account_may_be_lost_and_half_a_dollar_is_a_limit() -> None:
    assert tick(latch(limit="1"), 100) == []
    one = money("0.5")
    tick(one, 100)
    assert tick(one, "99.5", 1) == TRIPPED


def test_a_period_that_begins_after_everything_was_lost_begins_with_what_is_there() -> None:
    one = latch()
    tick(one, 100)
    tick(one, 0, 1)
    one.rearm(session(0).close_ns, "ann", "new money comes")
    assert tick(one, 50, 1, day=1, flow=50) == []
    assert tick(one, 47, 2, day=1) == TRIPPED


@pytest.mark.parametrize(("equity", "flow"), [(50, 50), (50, 60), (0, -100), (-10, -100)])
def test_a_flow_that_leaves_nothing_to_measure_against_trips(equity: int, flow: int) -> None:
    one = latch()
    tick(one, 100)
    assert tick(one, equity, 1, flow=flow) == TRIPPED
    assert one.usage() is None


def test_a_new_peak_equal_to_the_old_one_warns_no_second_time() -> None:
    one = latch(Period.PEAK, "0.10")
    tick(one, 100)
    assert tick(one, 92, 1) == WARNED
    assert tick(one, 100, 2) == []
    assert tick(one, 92, 3) == []
    assert tick(one, 101, 4) == []
    assert tick(one, 92, 5) == WARNED


def test_what_a_latch_keeps_is_all_it_needs() -> None:
    one = latch()
    tick(one, 100)
    tick(one, 99, 390)
    kept = one.to_dict()
    assert (kept["period"], kept["base"], kept["last"]) == ("2025-09-15", "100", "99")
    again = latch()
    again.restore(kept)
    assert tick(again, "94.05", 1, day=1) == TRIPPED  # 5 % of 99: the gap over the restart counts
