"""From effective limits to gates and latches: every limit is kept by a gate, or said to be kept by none."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.risk import made

from rung.domain.instrument import us_equity
from rung.domain.verdicts import Approved, Refused
from rung.risk.flag import PolledFlag
from rung.risk.gateway import GatePorts, Gateway, build_gates, build_latches
from rung.risk.global_risk import Assessment, RiskLevel
from rung.risk.global_state import GlobalRiskState
from rung.risk.latch import LatchFacts
from rung.risk.limit_sets import QtsRisk, SafetyGate, UltraConservative
from rung.risk.limits import LIMIT_NAMES, EffectiveLimits, Limits, LimitSet, effective_limits
from rung.risk.memory import recall, remembered, snapshot
from rung.risk.params import ScreenLimits
from rung.risk.quotes import Quote
from rung.risk.screen import screen
from rung.risk.states import TradingState
from rung.risk.suite import observe, observers

D = Decimal
EVERYTHING = effective_limits(
    [
        ScreenLimits(max_orders_per_minute=1_000).limit_set("screen"),
        QtsRisk(max_orders_per_min=1_000).limit_set("qts"),
        SafetyGate(trades_per_hour=1_000, trades_per_day=1_000).limit_set("gate"),
        UltraConservative(
            max_margin_per_trade_usd=10_000,
            max_notional_per_trade_usd=10_000,
            max_risk_per_trade_usd=500,
            max_daily_loss_usd=5_000,
            max_total_loss_usd=10_000,
            max_positions=3,
            max_stop_pct=5.0,
        ).limit_set("ultra"),
        LimitSet(
            origin="own",
            limits=Limits(
                max_margin_use_frac=D(1), max_consecutive_losses=5, allowed_symbols=frozenset({"TQQQ", "SQQQ"})
            ),
        ),
    ]
)


class Book:
    def quote(self, symbol: str) -> Quote:
        return Quote(symbol=symbol, at_ns=made.NOON_NS, bid=99.99, ask=100.01)


def down() -> PolledFlag:
    flag = PolledFlag()
    flag.found(None)
    return flag


def ports(effective: EffectiveLimits, **changes: Any) -> GatePorts:
    state = GlobalRiskState()
    state.assessed(Assessment(at_ns=made.NOON_NS, level=RiskLevel.NORMAL, issues=(), score=0.0))
    plain: dict[str, Any] = {
        "kill": down(),
        "maintenance": down(),
        "latches": build_latches(effective),
        "start_equity_quote": made.EQUITY,
        "instruments": {symbol: us_equity(symbol) for symbol in ("TQQQ", "SQQQ")},
        "profile": "micro",
        "assigned_profile": lambda: "micro",
        "enabled": {"rotation": True},
        "quotes": Book(),
        "global_state": state,
    }
    return GatePorts(**{**plain, **changes})


def shown(gateway: Gateway, used: GatePorts) -> Gateway:
    """The gateway after everybody was shown the one sound slice of these tests."""
    used.latches.tick(LatchFacts(at_ns=made.NOON_NS, session=made.SESSION, equity_quote=made.EQUITY))
    observe(observers(gateway.gates), made.slice_())
    return gateway


def names(gateway: Gateway) -> set[str]:
    return {gate.name for gate in gateway.gates}


ALWAYS = {
    "kill", "maintenance", "latched", "trading_state", "strategy_policy", "duplicate_order", "session_open",
    "stale_data", "sound_data", "halted_market", "tick_lot", "min_notional",
}  # fmt: skip


def test_some_gates_are_always_there() -> None:
    bare = effective_limits([LimitSet(origin="nothing", limits=Limits())])
    used = ports(bare, profile=None, enabled=None, global_state=None)
    gateway = build_gates(bare, used)
    assert names(gateway) == ALWAYS
    assert set(gateway.missing) == {"global_level"}


def test_with_every_limit_every_gate_is_there_and_a_sound_order_passes_them_all() -> None:
    used = ports(EVERYTHING)
    gateway = shown(build_gates(EVERYTHING, used), used)
    assert len(gateway.gates) >= 35
    assert gateway.missing == {}
    (verdict,) = screen([made.order(quantity="50")], gateway.gates, made.view())
    assert isinstance(verdict, Approved), verdict


KEPT_BY_A_LATCH = {"max_consecutive_losses", "max_slippage_bps", "min_breaker_minutes"}


@pytest.mark.parametrize("name", LIMIT_NAMES)
def test_every_limit_is_kept_by_a_gate_or_a_latch(name: str) -> None:
    value: Any = (
        frozenset({"X"}) if name == "allowed_symbols" else 5 if name.endswith(("minute", "hour", "day")) else D(1)
    )
    if name in ("max_positions", "max_consecutive_losses", "min_minutes_to_close", "min_breaker_minutes"):
        value = 5
    with_it = effective_limits([LimitSet(origin="one", limits=Limits(**{name: value}))])
    without = effective_limits([LimitSet(origin="one", limits=Limits())])
    if name in KEPT_BY_A_LATCH:
        assert len(build_latches(with_it).to_dict()["latches"]) == 1 + len(build_latches(without).to_dict()["latches"])
    else:
        more, fewer = build_gates(with_it, ports(with_it)), build_gates(without, ports(without))
        assert len(more.gates) == len(fewer.gates) + 1


def test_a_spread_without_quotes_is_said_to_be_enforced_by_nobody() -> None:
    gateway = build_gates(EVERYTHING, ports(EVERYTHING, quotes=None))
    assert set(gateway.missing) == {"max_spread_bps"}
    assert "spread" not in names(gateway)


def test_an_account_whose_profile_was_changed_opens_nothing() -> None:
    used = ports(EVERYTHING, assigned_profile=lambda: "low")
    gateway = shown(build_gates(EVERYTHING, used), used)
    (verdict,) = screen([made.order(quantity="50")], gateway.gates, made.view())
    assert isinstance(verdict, Refused)
    assert made.kinds(verdict.violations) == ["PROFILE"]


def test_a_terrible_order_is_told_everything_that_is_wrong_with_it() -> None:
    used = ports(EVERYTHING)
    gateway = shown(build_gates(EVERYTHING, used), used)
    order = made.order(quantity="90000.5", leverage=D(20), protection=None, strategy="other")
    (verdict,) = screen([order], gateway.gates, made.view())
    assert isinstance(verdict, Refused)
    assert {violation.kind.name for violation in verdict.violations} >= {
        "STRATEGY_NOT_ALLOWED", "PARTICIPATION", "MISSING_STOP", "CANNOT_JUDGE", "TICK_LOT", "LEVERAGE_SYMBOL",
        "LEVERAGE_GROSS", "ORDER_VALUE", "NOTIONAL_SYMBOL", "NOTIONAL_GROSS", "MARGIN",
    }  # fmt: skip


def test_the_kill_switch_ends_the_list() -> None:
    killed = down()
    killed.found("enough")
    used = ports(EVERYTHING, kill=killed)
    gateway = shown(build_gates(EVERYTHING, used), used)
    (verdict,) = screen([made.order()], gateway.gates, made.view())
    assert isinstance(verdict, Refused)
    assert made.kinds(verdict.violations) == ["KILL_SWITCH"]


def test_everything_that_counts_survives_a_restart() -> None:
    used = ports(EVERYTHING)
    gateway = shown(build_gates(EVERYTHING, used), used)
    screen([made.order(quantity="50")], gateway.gates, made.view())
    used.latches.tick(LatchFacts(at_ns=made.NOON_NS + 1, session=made.SESSION, equity_quote=made.EQUITY * D("0.9")))
    assert used.latches.state is TradingState.HALTED
    kept = json.loads(json.dumps(remembered(gateway.gates, used.latches, used.global_state)))

    again = ports(EVERYTHING, global_state=GlobalRiskState())
    fresh = build_gates(EVERYTHING, again)
    recall(kept, fresh.gates, again.latches, again.global_state)
    assert remembered(fresh.gates, again.latches, again.global_state) == kept
    assert again.latches.state is TradingState.HALTED
    assert again.latches.wants_kill


def test_a_snapshot_of_the_account_is_plain_and_exact() -> None:
    view = made.view(
        of=made.account(made.position(quantity="3", mark="0.1"), replace(made.position("X"), quantity=D(0)))
    )
    kept = json.loads(json.dumps(snapshot(view.account)))
    assert kept["positions"] == {"TQQQ": {"quantity": "3", "mark_price": "0.1"}}
    assert kept["gross_notional_quote"] == "0.3"
