"""From effective limits to gates and latches: every limit is kept by a gate, or said to be kept by none."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace
from tests.unit.risk import made

from rung.domain.instrument import us_equity
from rung.domain.target import Protection
from rung.domain.verdicts import Approved, Refused
from rung.risk.facts import SmallerOf
from rung.risk.flag import not_thrown
from rung.risk.gates.order_rate import Window
from rung.risk.gateway import GatePorts, build_guard, build_latches
from rung.risk.global_risk import GlobalLimits
from rung.risk.guard import Guard
from rung.risk.limit_sets import QtsRisk, SafetyGate, UltraConservative
from rung.risk.limits import LIMIT_NAMES, EffectiveLimits, Limits, LimitSet, effective_limits
from rung.risk.memory import snapshot
from rung.risk.params import ScreenLimits
from rung.risk.policy import StrategyPolicy
from rung.risk.quotes import Quote
from rung.risk.states import TradingState

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
        GlobalLimits().limit_set("book"),
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


def ports(**changes: Any) -> GatePorts:
    plain: dict[str, Any] = {
        "kill": not_thrown(),
        "maintenance": made.down(),
        "start_equity_quote": made.EQUITY,
        "instruments": {symbol: us_equity(symbol) for symbol in ("TQQQ", "SQQQ")},
        "profile": "micro",
        "assigned_profile": lambda: "micro",
        "quotes": Book(),
    }
    return GatePorts(**{**plain, **changes})


def shown(effective: EffectiveLimits = EVERYTHING, **changes: Any) -> Guard:
    """A guard that was shown the one sound slice of these tests."""
    guard = build_guard(effective, ports(**changes))
    guard.observe(made.slice_())
    guard.look(made.view())
    return guard


def names(guard: Guard) -> set[str]:
    return {gate.name for gate in guard.gates}


ALWAYS = {
    "kill", "maintenance", "latched", "trading_state", "strategy_enabled", "strategy_policy", "duplicate_order",
    "session_open", "stale_data", "sound_data", "halted_market", "tick_lot", "min_notional",
}  # fmt: skip


def test_some_gates_are_always_there() -> None:
    bare = effective_limits([LimitSet(origin="nothing", limits=Limits())])
    guard = build_guard(bare, ports(profile=None))
    assert names(guard) == ALWAYS
    assert set(guard.missing) == {"global_level"}


def test_with_every_limit_every_gate_is_there_and_a_sound_order_passes_them_all() -> None:
    guard = shown()
    assert len(guard.gates) >= 35
    assert guard.missing == {}
    (verdict,) = guard.screen([made.order(quantity="50")], made.view())
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
        more, fewer = build_guard(with_it, ports()), build_guard(without, ports())
        assert len(more.gates) == len(fewer.gates) + 1


def test_a_spread_without_quotes_is_said_to_be_enforced_by_nobody() -> None:
    guard = build_guard(EVERYTHING, ports(quotes=None))
    assert set(guard.missing) == {"max_spread_bps"}
    assert "spread" not in names(guard)


def test_an_account_whose_profile_was_changed_opens_nothing() -> None:
    (verdict,) = shown(assigned_profile=lambda: "low").screen([made.order(quantity="50")], made.view())
    assert isinstance(verdict, Refused)
    assert made.kinds(verdict.violations) == ["PROFILE"]


def test_a_terrible_order_is_told_everything_that_is_wrong_with_it() -> None:
    order = made.order(quantity="90000.5", leverage=D(20), protection=None, strategy="other")
    (verdict,) = shown(policy=StrategyPolicy(blacklist=("other",))).screen([order], made.view())
    assert isinstance(verdict, Refused)
    assert {violation.kind.name for violation in verdict.violations} >= {
        "STRATEGY_NOT_ALLOWED", "PARTICIPATION", "MISSING_STOP", "CANNOT_JUDGE", "TICK_LOT", "LEVERAGE_SYMBOL",
        "LEVERAGE_GROSS", "ORDER_VALUE", "NOTIONAL_SYMBOL", "NOTIONAL_GROSS", "MARGIN",
    }  # fmt: skip


def test_the_kill_switch_ends_the_list() -> None:
    killed = not_thrown()
    killed.found("enough")
    (verdict,) = shown(kill=killed).screen([made.order()], made.view())
    assert isinstance(verdict, Refused)
    assert made.kinds(verdict.violations) == ["KILL_SWITCH"]


def test_everything_that_counts_survives_a_restart() -> None:
    guard = shown()
    guard.screen([made.order(quantity="50")], made.view())
    guard.look(made.view(made.slice_(at_ns=made.NOON_NS + 1), made.account(equity=made.EQUITY * D("0.9"))))
    assert guard.latches.state is TradingState.HALTED
    kept = json.loads(json.dumps(guard.memory()))

    fresh = build_guard(EVERYTHING, ports())
    fresh.recall(kept)
    assert fresh.memory() == kept
    assert fresh.latches.state is TradingState.HALTED
    assert fresh.latches.wants_kill


def test_of_two_sets_of_limits_of_the_book_the_strictest_of_each_binds() -> None:
    one, other = GlobalLimits(leverage=2.0, min_liquidity=0.9), GlobalLimits(hhi=0.2, min_liquidity=0.6)
    silent = ScreenLimits().limit_set("silent")
    book = effective_limits([one.limit_set("one"), silent, other.limit_set("other")]).book
    assert book == GlobalLimits(leverage=2.0, hhi=0.2, min_liquidity=0.9)


def test_a_snapshot_of_the_account_is_plain_and_exact() -> None:
    view = made.view(
        of=made.account(made.position(quantity="3", mark="0.1"), replace(made.position("X"), quantity=D(0)))
    )
    kept = json.loads(json.dumps(snapshot(view.account)))
    assert kept["positions"] == {"TQQQ": {"quantity": "3", "mark_price": "0.1"}}
    assert kept["gross_notional_quote"] == "0.3"
    assert kept["equity_quote"] == "100000"


def test_every_limit_arrives_where_it_is_kept(golden: Callable[[str, str], None]) -> None:
    """What each gate and latch was built with; a limit that goes astray on the way changes this text."""
    guard = build_guard(EVERYTHING, ports(multipliers={"TQQQ": 3.0}, account_leverage=D(2)))
    lines = [f"{gate.name}: {told(vars(gate))}".rstrip(": ") for gate in guard.gates]
    kept = guard.latches.to_dict()["latches"]
    lines += [f"latch {name}: {told(one['consequence'])}" for name, one in kept.items()]
    lines += [f"{name} measures {told(vars(latch))}" for name, latch in sorted(guard.latches._latches.items())]
    golden("gates_built.txt", "\n".join(lines) + "\n")


def told(values: Mapping[str, Any]) -> str:
    """Plain values in the order they were set; what is not plain is left to the tests of the gates."""
    plain = (Decimal, int, float, str, frozenset, SmallerOf, Window, dict)
    shown = {
        key.lstrip("_"): sorted(value) if isinstance(value, frozenset) else str(value)
        for key, value in values.items()
        if isinstance(value, plain) and key not in ("name", "_instruments", "_tried", "_seen", "_total")
    }
    return ", ".join(f"{key} {value}" for key, value in shown.items())


def test_limits_that_one_set_leaves_open_are_the_loosest_there_are() -> None:
    only_range = effective_limits([LimitSet(origin="one", limits=Limits(max_bar_range_frac=D("0.05")))])
    only_floor = effective_limits([LimitSet(origin="one", limits=Limits(min_equity_quote=D(500)))])
    only_most = effective_limits([LimitSet(origin="one", limits=Limits(max_stop_frac=D("0.05")))])
    moved = made.slice_(made.bar(open=100.0, high=104.0, low=100.0, close=103.9))
    calm = made.slice_(made.bar(close=90.0, at_ns=made.NOON_NS - 60_000_000_000), at_ns=made.NOON_NS - 60_000_000_000)
    for effective in (only_range, only_floor, only_most):
        guard = build_guard(effective, ports())
        for event in (calm, moved):
            guard.observe(event)
        tight = Protection(stop_frac=0.0001)
        view = made.view(moved, made.account(equity=D(501)))
        guard.look(view)
        order = made.order(quantity="1", reference_price=D("103.9"), protection=tight)
        (verdict,) = guard.screen([order], view)
        assert isinstance(verdict, Approved), verdict


def test_the_book_is_assessed_with_what_the_guard_was_shown_and_by_the_level_its_gate_asks() -> None:
    guard = build_guard(EVERYTHING, ports())
    assert guard.book is not None
    held = made.account(made.position("TQQQ", "990"))
    for minute in range(3):
        at_ns = made.NOON_NS + minute * 60_000_000_000
        guard.observe(made.slice_(made.bar(at_ns=at_ns), at_ns=at_ns))
        view = made.view(made.slice_(made.bar(at_ns=at_ns), at_ns=at_ns), replace(held, at_ns=at_ns))
        guard.look(view)
    (verdict,) = guard.screen([made.order("SQQQ", "1", at_ns=view.slice.at_ns)], view)
    assert isinstance(verdict, Refused)
    assert "global_level" in {violation.gate for violation in verdict.violations}
    assert len(guard.book.watch._rows) == 3


def test_a_thrown_switch_in_the_ports_is_the_one_the_guard_reads() -> None:
    kill = not_thrown()
    guard = build_guard(EVERYTHING, ports(kill=kill))
    kill.found("enough", flatten=True)
    assert guard.look(made.view()).flatten
