"""The risk of the whole book: triggers, levels, measures on the right tail, and a level that only people lower."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from decimal import Decimal

import pytest
from msgspec import structs
from tests.unit.risk import made

from rung.domain.errors import Refusable, UserError
from rung.domain.slice import Slice
from rung.risk.gates.global_level import GlobalLevel
from rung.risk.global_risk import Assessment, GlobalFacts, GlobalLimits, RiskLevel, Severity, assess
from rung.risk.global_state import GlobalRiskState
from rung.risk.measures import (
    capital_shares,
    concentration,
    deviation,
    expected_shortfall,
    mean_correlation,
    value_at_risk,
)
from rung.risk.watch import RiskWatch, WatchParams

MINUTE = 60_000_000_000
LIMITS = GlobalLimits()
CALM = GlobalFacts(
    at_ns=made.NOON_NS,
    leverage=1.0,
    position_frac=0.3,
    daily_drawdown_frac=0.0,
    correlation=0.2,
    var95_frac=0.01,
    var99_frac=0.02,
    es975_frac=0.02,
    symbol_share=0.3,
    venue_share=0.5,
    hhi=0.2,
    correlation_jump=0.0,
    volatility_ratio=1.0,
    liquidity=1.0,
    venue_imbalance=0.0,
    leveraged_positions=0,
)


def severities(facts: GlobalFacts) -> dict[str, str]:
    return {issue.name: issue.severity.value for issue in assess(facts, LIMITS).issues}


def test_a_calm_book_is_normal_with_nothing_to_say() -> None:
    assessment = assess(CALM, LIMITS)
    assert (assessment.level, assessment.issues, assessment.score) == (RiskLevel.NORMAL, (), 0.0)
    assert assessment.sentence == "nothing is wrong"


@pytest.mark.parametrize(
    ("name", "critical_at"),
    [
        ("leverage", 6.0), ("position_frac", 1.2), ("daily_drawdown_frac", 0.06), ("correlation", 0.96),
        ("var95_frac", 0.15), ("var99_frac", 0.30), ("es975_frac", 0.375), ("symbol_share", 0.72),
        ("venue_share", 0.96), ("hhi", 0.48), ("correlation_jump", 0.24), ("volatility_ratio", 2.4),
    ],
)  # fmt: skip
def test_every_trigger_warns_above_its_limit_and_is_critical_well_above_it(name: str, critical_at: float) -> None:
    limit = getattr(LIMITS, name)
    spike = name in ("correlation_jump", "volatility_ratio")
    assert severities(replace(CALM, **{name: limit})) == ({name: "WARNING"} if spike else {})
    assert severities(replace(CALM, **{name: limit * 1.001})) == {name: "WARNING"}
    assert severities(replace(CALM, **{name: limit * 0.999})) == {}
    assert severities(replace(CALM, **{name: critical_at * 1.001})) == {name: "CRITICAL"}


def test_too_little_liquidity_is_a_trigger_from_below() -> None:
    assert severities(replace(CALM, liquidity=0.5)) == {}
    assert severities(replace(CALM, liquidity=0.49)) == {"liquidity": "WARNING"}
    assert severities(replace(CALM, liquidity=0.4)) == {"liquidity": "CRITICAL"}


def test_an_imbalance_between_venues_is_a_remark() -> None:
    assessment = assess(replace(CALM, venue_imbalance=0.9), LIMITS)
    assert [issue.severity for issue in assessment.issues] == [Severity.INFO]
    assert assessment.level is RiskLevel.NORMAL


def test_one_critical_is_caution_two_are_an_emergency() -> None:
    one = replace(CALM, leverage=9.0)
    assert assess(one, LIMITS).level is RiskLevel.CAUTION
    assert assess(replace(one, hhi=0.9), LIMITS).level is RiskLevel.EMERGENCY


def test_a_cascade_alone_is_an_emergency() -> None:
    cascade = replace(CALM, correlation=0.75, leverage=4.0, leveraged_positions=2)
    assert assess(cascade, LIMITS).level is RiskLevel.EMERGENCY
    assert assess(replace(cascade, leveraged_positions=1), LIMITS).level is RiskLevel.NORMAL
    assert assess(replace(cascade, correlation=0.70), LIMITS).level is RiskLevel.NORMAL
    assert assess(replace(cascade, leverage=3.0), LIMITS).level is RiskLevel.NORMAL


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_cannot_be_measured_is_critical(value: float | None) -> None:
    assert severities(replace(CALM, var95_frac=value)) == {"var95_frac": "CRITICAL"}
    assert severities(replace(CALM, liquidity=value)) == {"liquidity": "CRITICAL"}


def test_what_cannot_exist_yet_is_said_openly_and_is_no_danger() -> None:
    facts = replace(CALM, correlation=None, unready=frozenset({"correlation"}))
    assert severities(facts) == {"correlation": "INFO"}
    broken = replace(CALM, correlation=math.nan, unready=frozenset({"correlation"}))
    assert severities(broken) == {"correlation": "CRITICAL"}


# --- measures ---------------------------------------------------------------------------------------------------------


def test_value_at_risk_is_the_loss_in_the_lower_tail() -> None:
    returns = [0.5] * 90 + [-0.01 * number for number in range(1, 11)]
    assert value_at_risk(returns, 0.95) == pytest.approx(0.06)  # the fifth worst of a hundred
    assert value_at_risk(returns, 0.99) == pytest.approx(0.10)
    assert expected_shortfall(returns, 0.95) == pytest.approx((0.10 + 0.09 + 0.08 + 0.07 + 0.06) / 5)


def test_gains_are_no_risk() -> None:
    assert value_at_risk([0.1, 0.2, 0.3], 0.95) == 0.0
    assert expected_shortfall([0.1, 0.2, 0.3], 0.95) == 0.0


def test_large_gains_do_not_hide_losses() -> None:
    losses = [-0.05, -0.04, -0.03]
    assert value_at_risk([*losses, 0.0] * 5, 0.95) == value_at_risk([*losses, 9.9] * 5, 0.95)


@pytest.mark.parametrize("returns", [[], [0.1], [0.1, math.nan]])
def test_too_few_or_broken_returns_are_a_mistake(returns: list[float]) -> None:
    with pytest.raises(ValueError, match="finite returns"):
        value_at_risk(returns, 0.95)


@pytest.mark.parametrize("level", [0.05, 0.49, 1.0, 1.5])
def test_a_level_that_is_no_level_is_a_mistake(level: float) -> None:
    with pytest.raises(ValueError, match=f"level {level}"):
        value_at_risk([0.1, 0.2], level)


def test_the_median_is_the_mildest_level() -> None:
    assert value_at_risk([-0.4, -0.2, 0.1, 0.3], 0.5) == pytest.approx(0.2)


def test_without_capital_there_are_no_shares() -> None:
    assert capital_shares({"a": 0.0}, 0.0) == {}
    assert capital_shares({}, -5.0) == {}
    assert capital_shares({"a": 0.5}, 0.1) == {"a": 1.0}


def test_cash_dilutes_concentration_and_borrowing_does_not() -> None:
    assert capital_shares({"a": 30.0, "b": -30.0}, 100.0) == {"a": 0.3, "b": 0.3}
    assert capital_shares({"a": 150.0, "b": 150.0}, 100.0) == {"a": 0.5, "b": 0.5}
    assert concentration({"a": 0.3, "b": 0.3}) == pytest.approx(0.18)
    assert concentration({"a": 1.0}) == 1.0


def test_correlation_is_signed_by_the_positions() -> None:
    up = [0.01, -0.02, 0.03, 0.01]
    down = [-each for each in up]
    assert mean_correlation({"a": up, "b": up}) == pytest.approx(1.0)
    assert mean_correlation({"a": up, "b": down}) == pytest.approx(-1.0)
    shifted = [each + 5.0 for each in up]
    assert mean_correlation({"a": up, "b": shifted, "c": down}) == pytest.approx((1.0 - 1.0 - 1.0) / 3)
    assert mean_correlation({"a": up}) is None
    assert mean_correlation({"a": [], "b": []}) is None
    assert mean_correlation({"a": up, "b": [0.0] * 4}) is None


def test_deviation_is_the_population_form() -> None:
    assert deviation([1.0, 3.0]) == 1.0
    assert deviation([1.0]) == 0.0


# --- the level in force -----------------------------------------------------------------------------------------------


def assessment(level: RiskLevel, minute: int = 0) -> Assessment:
    return Assessment(at_ns=made.NOON_NS + minute * MINUTE, level=level, issues=(), score=0.0)


def in_force(state: GlobalRiskState, minute: int = 0) -> RiskLevel | None:
    return state.level(made.NOON_NS + minute * MINUTE)


def test_nobody_looked_means_nobody_knows() -> None:
    state = GlobalRiskState(max_age_minutes=5)
    assert in_force(state) is None
    state.assessed(assessment(RiskLevel.NORMAL))
    assert in_force(state, 5) is RiskLevel.NORMAL
    assert in_force(state, 6) is None
    assert in_force(state, -1) is None


def test_caution_comes_at_once_and_goes_after_its_hold() -> None:
    state = GlobalRiskState(hold_minutes=15)
    assert state.assessed(assessment(RiskLevel.CAUTION)) is not None
    assert state.assessed(assessment(RiskLevel.NORMAL, 14)) is None
    assert in_force(state, 14) is RiskLevel.CAUTION
    state.assessed(assessment(RiskLevel.NORMAL, 15))
    assert in_force(state, 15) is RiskLevel.NORMAL


def test_caution_that_repeats_is_held_anew() -> None:
    state = GlobalRiskState(hold_minutes=15)
    state.assessed(assessment(RiskLevel.CAUTION))
    state.assessed(assessment(RiskLevel.CAUTION, 10))
    state.assessed(assessment(RiskLevel.NORMAL, 16))
    assert in_force(state, 16) is RiskLevel.CAUTION


def test_an_emergency_never_ends_by_itself_nor_by_age() -> None:
    state = GlobalRiskState()
    state.assessed(assessment(RiskLevel.EMERGENCY))
    state.assessed(assessment(RiskLevel.CAUTION, 1))
    state.assessed(assessment(RiskLevel.NORMAL, 10_000))
    assert in_force(state, 99_999) is RiskLevel.EMERGENCY
    assert "by ann: looked" in state.rearm(made.NOON_NS + 100_000 * MINUTE, "ann", "looked")
    state.assessed(assessment(RiskLevel.NORMAL, 100_001))
    assert in_force(state, 100_001) is RiskLevel.NORMAL


@pytest.mark.parametrize(
    ("at_ns", "person", "reason"), [(made.NOON_NS, "", "x"), (made.NOON_NS, "a", ""), (0, "a", "x")]
)
def test_the_level_is_lowered_by_a_person_with_a_reason_and_a_clock(at_ns: int, person: str, reason: str) -> None:
    state = GlobalRiskState()
    state.assessed(assessment(RiskLevel.EMERGENCY))
    with pytest.raises(UserError):
        state.rearm(at_ns, person, reason)
    assert in_force(state) is RiskLevel.EMERGENCY


def test_a_normal_level_needs_no_re_arming() -> None:
    with pytest.raises(UserError, match="NORMAL"):
        GlobalRiskState().rearm(1, "ann", "x")


def test_the_level_survives_a_restart() -> None:
    before, after = GlobalRiskState(), GlobalRiskState()
    before.assessed(assess(replace(CALM, leverage=9.0, hhi=0.9), LIMITS))
    after.restore(json.loads(json.dumps(before.to_dict())))
    assert after.to_dict() == before.to_dict()
    assert in_force(after) is RiskLevel.EMERGENCY
    assert "leverage 9" in after.reason


@pytest.mark.parametrize(
    ("level", "quantity", "refusals"),
    [
        (RiskLevel.NORMAL, "400", 0),
        (RiskLevel.CAUTION, "200", 0),
        (RiskLevel.CAUTION, "200.1", 1),
        (RiskLevel.EMERGENCY, "1", 1),
    ],
)
def test_the_gate_allows_scales_down_or_blocks(level: RiskLevel, quantity: str, refusals: int) -> None:
    state = GlobalRiskState()
    state.assessed(assessment(level))
    gate = GlobalLevel(state, max_symbol_frac=0.4, caution_factor=0.5)
    violations = gate.check(made.order(quantity=quantity), made.view(), ())
    assert len(violations) == refusals
    if level is RiskLevel.CAUTION and refusals:
        assert violations[0].adjusted_quantity == 200


def test_the_gate_cannot_judge_what_nobody_assessed() -> None:
    with pytest.raises(Refusable, match="assessment"):
        GlobalLevel(GlobalRiskState(), max_symbol_frac=0.4, caution_factor=0.5).check(made.order(), made.view(), ())


# --- the watch --------------------------------------------------------------------------------------------------------

PARAMS = WatchParams(window_bars=60, recent_bars=10, observations=2, bars_per_day=100)


def event(minute: int, prices: dict[str, float], volume: float = 1000.0) -> Slice:
    at_ns = made.OPEN_NS + minute * MINUTE
    bars = [made.bar(symbol, at_ns=at_ns, close=price, volume=volume) for symbol, price in prices.items()]
    return made.slice_(*bars, at_ns=at_ns)


def zigzag(minute: int) -> float:
    return 100.0 * (1.01 if minute % 2 else 1.0)


def watched(bars: int, **volume: float) -> tuple[RiskWatch, Slice]:
    """A watch that has seen two symbols move in step for `bars` minutes."""
    watch = RiskWatch(PARAMS)
    last = event(0, {"A": 100.0, "B": 100.0})
    for minute in range(1, bars + 1):
        last = event(minute, {"A": zigzag(minute), "B": zigzag(minute)}, **volume)
        watch.observe(last)
    return watch, last


def book(last: Slice, *positions: made.Position) -> made.View:
    return made.view(last, made.account(*positions, at_ns=last.at_ns))


LONG_A, LONG_B, SHORT_B = made.position("A", "300"), made.position("B", "200"), made.position("B", "-200")


def test_the_watch_measures_the_book_that_is_held() -> None:
    watch, last = watched(50)
    facts = watch.facts(book(last, LONG_A, LONG_B))
    assert facts.leverage == pytest.approx(0.5)
    assert facts.position_frac == pytest.approx(0.3)
    assert facts.hhi == pytest.approx(0.13)
    assert facts.correlation == pytest.approx(1.0)
    worst = 0.5 * (1 / 1.01 - 1)  # both fall back together
    assert facts.var95_frac == pytest.approx(-worst * 10)  # √100 bars a day
    assert facts.volatility_ratio == pytest.approx(1.0, abs=0.02)
    assert facts.liquidity == 1.0
    assert facts.unready == {"correlation_jump", "venue_share", "venue_imbalance"}


def test_the_watch_says_when_how_far_down_and_how_leveraged() -> None:
    watch, last = watched(50)
    account = structs.replace(
        made.account(made.position("A", "3500"), made.position("B", "-3000"), at_ns=last.at_ns),
        session_start_equity_quote=Decimal(125_000),
    )
    facts = watch.facts(made.view(last, account))
    assert facts.at_ns == last.at_ns
    assert facts.daily_drawdown_frac == pytest.approx(0.2)
    assert facts.leveraged_positions == 1  # 3.5 × equity; exactly 3 × is not above
    assert facts.position_frac == pytest.approx(3.5)
    assert facts.es975_frac is not None
    assert facts.var95_frac is not None
    assert facts.es975_frac >= facts.var95_frac > 0.0
    flat = watch.facts(book(last))
    assert (flat.position_frac, flat.leverage, flat.leveraged_positions) == (0.0, 0.0, 0)
    unstarted = structs.replace(account, session_start_equity_quote=Decimal(0))
    assert watch.facts(made.view(last, unstarted)).daily_drawdown_frac is None


def test_only_recent_bars_count_for_the_correlation() -> None:
    watch, _ = watched(50)
    for minute in range(51, 64):
        last = event(minute, {"A": zigzag(minute), "B": zigzag(minute + 1)})
        watch.observe(last)
    assert watch.facts(book(last, LONG_A, LONG_B)).correlation == pytest.approx(-1.0)


def test_a_hedged_book_is_not_correlated_and_not_at_risk() -> None:
    watch, last = watched(50)
    facts = watch.facts(book(last, made.position("A", "200"), SHORT_B))
    assert facts.correlation == pytest.approx(-1.0)
    assert facts.var95_frac == pytest.approx(0.0)


def test_a_jump_is_measured_against_earlier_observations() -> None:
    watch, last = watched(50)
    hedged, naked = book(last, LONG_A, SHORT_B), book(last, LONG_A, LONG_B)
    for _ in range(2):
        watch.facts(hedged)
    assert watch.facts(naked).correlation_jump == pytest.approx(2.0)


def test_a_flat_book_is_at_no_risk_and_says_what_it_cannot_know() -> None:
    watch, last = watched(50)
    assessed = assess(watch.facts(book(last)), LIMITS)
    assert assessed.level is RiskLevel.NORMAL


def test_before_there_is_a_history_nothing_is_made_up() -> None:
    watch, last = watched(5)
    facts = watch.facts(book(last, LONG_A, LONG_B))
    assert {"correlation", "var95_frac", "volatility_ratio", "liquidity"} <= facts.blind
    assert facts.var95_frac is None
    assessed = assess(facts, LIMITS)
    assert assessed.level is RiskLevel.CAUTION
    assert "var95_frac not known yet (limit enough history)" in assessed.sentence


def test_one_held_symbol_without_a_history_does_not_hide_the_rest() -> None:
    """A share of something new beside a risky book must not make the book look calm."""
    watch, last = watched(50)
    facts = watch.facts(book(last, LONG_A, made.position("NEW", "1")))
    assert "var95_frac" in facts.blind
    assert assess(facts, LIMITS).level is RiskLevel.CAUTION


def test_many_warnings_together_are_caution() -> None:
    names = (
        "leverage",
        "position_frac",
        "daily_drawdown_frac",
        "correlation",
        "var95_frac",
        "var99_frac",
        "es975_frac",
    )
    more = ("symbol_share", "venue_share", "hhi", "correlation_jump", "volatility_ratio")
    warned = {name: getattr(LIMITS, name) * 1.01 for name in (*names, *more)}
    assessed = assess(replace(CALM, **warned), LIMITS)
    assert assessed.score == pytest.approx(12 / 15)
    assert assessed.level is RiskLevel.CAUTION
    fewer = {name: warned[name] for name in (*names, "hhi")}
    assert assess(replace(CALM, **fewer), LIMITS).level is RiskLevel.NORMAL


def test_an_equity_that_is_gone_is_critical() -> None:
    watch, last = watched(50)
    view = made.view(last, made.account(LONG_A, LONG_B, equity=Decimal("NaN"), at_ns=last.at_ns))
    assert assess(watch.facts(view), LIMITS).level is RiskLevel.EMERGENCY


def test_returns_do_not_reach_over_holes() -> None:
    watch = RiskWatch(PARAMS)
    watch.observe(event(1, {"A": 100.0}))
    watch.observe(event(9, {"A": 50.0}))
    for minute in range(10, 60):
        watch.observe(event(minute, {"A": 50.0 * zigzag(minute) / 100.0}))
    facts = watch.facts(book(event(59, {"A": 50.0}), LONG_A))
    assert facts.var99_frac is not None
    assert facts.var99_frac < 0.05


def test_drying_volume_lowers_the_liquidity() -> None:
    watch, last = watched(50)
    for minute in range(51, 61):
        last = event(minute, {"A": zigzag(minute), "B": zigzag(minute)}, volume=100.0)
        watch.observe(last)
    liquidity = watch.facts(book(last, LONG_A)).liquidity
    assert liquidity is not None
    assert liquidity < 0.2


def test_a_day_of_risk_is_the_root_of_its_bars_for_every_measure() -> None:
    watch, last = watched(50)
    facts = watch.facts(book(last, LONG_A))
    worst = 0.3 * (1 - 1 / 1.01) * 10
    assert facts.var95_frac == pytest.approx(worst)
    assert facts.var99_frac == pytest.approx(worst)
    assert facts.es975_frac == pytest.approx(worst)


def test_calm_after_a_storm_lowers_the_volatility_ratio() -> None:
    watch, _ = watched(40)
    for minute in range(41, 61):
        last = event(minute, {"A": 100.0, "B": 100.0})
        watch.observe(last)
    facts = watch.facts(book(last, LONG_A))
    assert facts.volatility_ratio == pytest.approx(0.0, abs=1e-9)
    assert facts.liquidity == 1.0


def test_the_liquidity_is_never_above_one() -> None:
    watch, _ = watched(50)
    for minute in range(51, 61):
        last = event(minute, {"A": zigzag(minute), "B": zigzag(minute)}, volume=9_000.0)
        watch.observe(last)
    assert watch.facts(book(last, LONG_A)).liquidity == 1.0


def test_the_window_forgets() -> None:
    watch, _ = watched(60)
    for minute in range(61, 122):
        last = event(minute, {"A": 100.0, "B": 100.0})
        watch.observe(last)
    facts = watch.facts(book(last, LONG_A))
    assert facts.var99_frac == 0.0
    assert "volatility_ratio" in facts.unready  # nothing moved in the whole window


def test_the_defaults_are_fifteen_minutes_of_caution_and_five_of_trust() -> None:
    state = GlobalRiskState()
    state.assessed(assessment(RiskLevel.CAUTION))
    state.assessed(assessment(RiskLevel.NORMAL, 15))
    assert in_force(state, 20) is RiskLevel.NORMAL
    assert in_force(state, 21) is None
    assert state.reason == ""
