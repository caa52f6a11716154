"""Limit files of every source become one unit; where several bind, the strictest wins and is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from rung.apps.limit_files import limits_from_record, load_limits, load_profiles
from rung.config.load import load
from rung.domain.errors import UserError
from rung.domain.verdicts import ViolationKind
from rung.risk.global_risk import GlobalLimits
from rung.risk.limit_sets import (
    PROFILE_LADDER,
    CapitalProfile,
    QtsRisk,
    SafetyGate,
    UltraConservative,
    next_profile,
    previous_profile,
)
from rung.risk.limits import LIMIT_NAMES, Limits, LimitSet, effective_limits
from rung.risk.loss_latch import DAY_NS, HOUR_NS, Period
from rung.risk.params import ScreenLimits
from rung.risk.policy import StrategyPolicy
from rung.risk.states import TradingState

D = Decimal
CONFIG = Path(__file__).resolve().parents[3] / "config"


def limits(origin: str, **values: object) -> LimitSet:
    return LimitSet(origin=origin, limits=Limits(**values))  # type: ignore[arg-type]


def losses(one: LimitSet) -> dict[str, tuple[Period, Decimal]]:
    return {rule.name: (rule.period, rule.limit_frac or D(0)) for rule in one.losses}


# --- the strictest wins -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in LIMIT_NAMES if name != "allowed_symbols"])
def test_the_strictest_of_two_binds_and_names_its_set(name: str) -> None:
    effective = effective_limits([limits("a", **{name: D(2)}), limits("b", **{name: D(1)})])
    binding = "a" if name.startswith("min_") else "b"
    assert effective.origins == {name: binding}
    assert getattr(effective.limits, name) == (2 if binding == "a" else 1)


def test_the_order_of_the_sets_does_not_matter() -> None:
    one, other = limits("a", max_positions=3, min_stop_frac=D("0.01")), limits("b", max_positions=2)
    assert effective_limits([one, other]).limits == effective_limits([other, one]).limits


def test_a_set_that_says_nothing_binds_nothing() -> None:
    effective = effective_limits([limits("a"), limits("b", max_positions=3)])
    assert effective.origins == {"max_positions": "b"}
    assert effective.limits.max_gross_leverage is None


def test_allow_lists_are_cut_with_each_other() -> None:
    effective = effective_limits(
        [limits("a", allowed_symbols=frozenset("xy")), limits("b", allowed_symbols=frozenset("yz"))]
    )
    assert effective.limits.allowed_symbols == {"y"}
    assert effective.origins["allowed_symbols"] == "a + b"


def test_sets_without_a_symbol_in_common_are_a_mistake() -> None:
    with pytest.raises(UserError, match=r"no symbol is allowed by all of a \+ b"):
        effective_limits([limits("a", allowed_symbols=frozenset("x")), limits("b", allowed_symbols=frozenset("y"))])


def test_stop_bounds_that_exclude_each_other_are_a_mistake_that_names_both_sets() -> None:
    with pytest.raises(UserError, match=r"no stop can pass.*\(a\).*\(b\)"):
        effective_limits([limits("a", min_stop_frac=D("0.03")), limits("b", max_stop_frac=D("0.02"))])


def test_a_set_binds_once() -> None:
    with pytest.raises(UserError, match="named twice"):
        effective_limits([limits("a"), limits("a")])


def test_every_loss_rule_of_every_set_is_kept_so_that_all_are_evaluated() -> None:
    effective = effective_limits([QtsRisk().limit_set("qts"), SafetyGate().limit_set("gate")])
    assert {rule.key for rule in effective.losses} == {
        "qts.daily_loss", "qts.drawdown", "gate.hourly_loss", "gate.daily_loss", "gate.weekly_loss",
        "gate.drawdown_reduce", "gate.drawdown_kill",
    }  # fmt: skip


# --- the sources ------------------------------------------------------------------------------------------------------


def test_the_qts_file_has_the_thirteen_keys_and_values_of_its_source() -> None:
    loaded = load(CONFIG / "risk" / "qts.risk.json", QtsRisk).value
    assert len(fields(QtsRisk)) == 13
    assert loaded == QtsRisk()
    one = loaded.limit_set("qts")
    assert one.limits.max_symbol_notional_frac == D("0.25")
    assert one.limits.max_leverage_major == D("1.5")
    assert one.limits.max_leverage_other == D("1.2")
    assert losses(one) == {"daily_loss": (Period.SESSION, D("0.05")), "drawdown": (Period.PEAK, D("0.1"))}


def test_the_qts_daily_loss_flattens_and_cools_down_and_its_drawdown_waits_for_a_person() -> None:
    daily, drawdown = (rule.consequence for rule in QtsRisk().limit_set("qts").losses)
    assert daily.flatten
    assert daily.cooldown_ns == HOUR_NS
    assert (drawdown.state, drawdown.cooldown_ns, drawdown.next_period) == (TradingState.HALTED, None, False)


def test_the_tightened_example_of_the_source_loads_with_its_comments(tmp_path: Path) -> None:
    path = tmp_path / "qts.risk.json"
    path.write_text(
        """{
          "_comment": "conservative",
          "leverage_btc_eth": 1.2,   // from 1.5
          "leverage_other": 1.0,
          "notional_per_symbol": 0.15,
          "daily_loss_limit": -0.03,
          "max_drawdown": -0.05
        }"""
    )
    one = load_limits([path], None).effective
    assert one.limits.max_symbol_notional_frac == D("0.15")
    assert [rule.limit_frac for rule in one.losses] == [D("0.03"), D("0.05")]


def test_margin_notional_and_risk_are_three_different_things_in_dollars() -> None:
    one = load(CONFIG / "risk" / "ultra_conservative.toml", UltraConservative).value.limit_set("ultra")
    assert one.limits.max_trade_margin_quote == D("0.50")
    assert one.limits.max_order_value_quote == 5
    assert one.limits.max_trade_risk_quote == D("0.10")
    assert one.limits.max_leverage_other == 10
    assert [(rule.name, rule.period, rule.limit_quote) for rule in one.losses] == [
        ("daily_loss", Period.DAY, 5),
        ("total_loss", Period.START, 10),
    ]


def test_the_safety_gate_has_its_periods_timers_and_consequences() -> None:
    loaded = load(CONFIG / "risk" / "safety_gate.toml", SafetyGate).value
    assert loaded == SafetyGate()
    rules = {rule.name: rule for rule in loaded.limit_set("gate").losses}
    assert losses(loaded.limit_set("gate")) == {
        "hourly_loss": (Period.HOUR, D("0.005")),
        "daily_loss": (Period.SESSION, D("0.02")),
        "weekly_loss": (Period.WEEK, D("0.05")),
        "drawdown_reduce": (Period.PEAK, D("0.05")),
        "drawdown_kill": (Period.PEAK, D("0.1")),
    }
    assert rules["hourly_loss"].consequence.cooldown_ns == HOUR_NS
    assert rules["daily_loss"].consequence.cooldown_ns == DAY_NS
    assert rules["drawdown_reduce"].consequence.state is TradingState.REDUCED
    assert rules["drawdown_kill"].consequence.kill
    assert rules["drawdown_kill"].consequence.flatten


def test_the_safety_gate_binds_the_smaller_of_position_and_concentration() -> None:
    assert SafetyGate(position_pct=50).limit_set("gate").limits.max_symbol_notional_frac == D("0.4")
    assert SafetyGate().limit_set("gate").limits.max_symbol_notional_frac == D("0.2")


def test_expected_slippage_is_half_a_spread() -> None:
    assert SafetyGate(order_slippage_bps=50).limit_set("gate").limits.max_spread_bps == 100


def test_the_four_profiles_are_those_of_the_source() -> None:
    profiles = load_profiles().value.by_name()
    table = {
        name: (
            one.max_daily_loss_pct,
            one.max_weekly_loss_pct,
            one.max_single_trade_risk_pct,
            one.max_open_positions,
            one.allowed_leverage,
        )
        for name, one in profiles.items()
    }
    assert table == {
        "micro": (-0.5, -2.0, 0.2, 2, 1),
        "low": (-1.0, -3.5, 0.5, 3, 2),
        "normal": (-2.0, -7.0, 1.0, 5, 3),
        "aggressive": (-3.5, -12.0, 2.0, 8, 5),
    }


def test_a_profile_lets_exactly_its_limit_pass_and_its_weekly_loss_waits_for_a_person() -> None:
    daily, weekly = load_profiles().value.normal.limit_set("normal").losses
    assert (daily.limit_frac, weekly.limit_frac) == (D("0.02"), D("0.07"))
    assert not daily.trips_at_limit
    assert daily.consequence.next_period
    assert (weekly.consequence.cooldown_ns, weekly.consequence.next_period) == (None, False)
    assert weekly.consequence.kind is ViolationKind.WEEKLY_LOSS


def test_the_ladder_of_profiles_has_two_ends() -> None:
    assert [next_profile(name) for name in PROFILE_LADDER] == ["low", "normal", "aggressive", None]
    assert [previous_profile(name) for name in PROFILE_LADDER] == [None, "micro", "low", "normal"]


def test_the_global_limits_file_is_the_source() -> None:
    assert load(CONFIG / "risk" / "global.toml", GlobalLimits).value == GlobalLimits()


def test_every_screen_limit_reaches_the_common_vocabulary() -> None:
    one = ScreenLimits().limit_set("screen").limits
    assert sum(getattr(one, name) is not None for name in LIMIT_NAMES) == len(fields(ScreenLimits))


def test_every_set_is_translated_to_the_letter(golden: Callable[[str, str], None]) -> None:
    sets = {
        "screen.toml": load(CONFIG / "risk" / "screen.toml", ScreenLimits).value.limit_set("screen"),
        "qts.risk.json": QtsRisk().limit_set("qts"),
        "safety_gate.toml": SafetyGate().limit_set("safety"),
        "ultra_conservative.toml": UltraConservative().limit_set("ultra"),
        **{name: one.limit_set(name) for name, one in load_profiles().value.by_name().items()},
    }
    lines: list[str] = []
    for name, one in sets.items():
        lines.append(name)
        lines += [f"    {key} {value}" for key in LIMIT_NAMES if (value := getattr(one.limits, key)) is not None]
        for rule in one.losses:
            limit = f"frac={rule.limit_frac} quote={rule.limit_quote}"
            lines.append(f"    {rule.key} {rule.period} {limit} at_limit={rule.trips_at_limit} warn={rule.warn_frac}")
            lines.append(f"        {rule.consequence}")
    golden("limit_sets.txt", "\n".join(lines) + "\n")


# --- files with mistakes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", '{"max_drawdown": 0.10}', "max_drawdown"),
        ("a.json", '{"daily_loss_limit": -0.05, "max_drawdwn": -0.1}', "max_drawdown"),
        ("a.json", '{"min_stop_pct": 0.06}', "above max_stop_pct"),
        ("a.json", '{"notional_gross": NaN, "leverage_gross": 1}', "a.json"),
        ("a.toml", "hourly_loss_pct = 3.0", "grow from hour to day"),
        ("a.toml", "drawdown_reduce_pct = 20.0", "above drawdown_kill_pct"),
        ("a.toml", "max_margin_per_trade_usd = 50.0", "margin is a part of it"),
        ("a.toml", "max_daily_loss_usd = 50.0", "above max_total_loss_usd"),
        ("a.toml", "min_stop_frac = 0.2\nmax_price_away_frac = 0.01", "above max_stop_frac"),
        ("a.toml", "colour = 'red'", "no limit file Rung knows"),
        ("a.json", "{}", "no limit file Rung knows"),
    ],
)
def test_a_contradictory_or_unknown_limit_file_is_one_clear_mistake(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(UserError, match=said) as caught:
        load_limits([path], None)
    assert name in str(caught.value)


def test_a_profile_whose_week_is_stricter_than_its_day_contradicts_itself() -> None:
    with pytest.raises(ValueError, match="allows less"):
        CapitalProfile(
            max_daily_loss_pct=-5,
            max_weekly_loss_pct=-2,
            max_single_trade_risk_pct=1,
            max_open_positions=1,
            allowed_leverage=1,
        )


def test_an_unknown_profile_is_a_mistake_that_names_the_known() -> None:
    with pytest.raises(UserError, match="micro, low, normal, aggressive"):
        load_limits([CONFIG / "risk" / "screen.toml"], "bold")


def test_every_file_has_an_id_and_files_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "q.json").write_text('{"notional_gross": %s}' % (0.5 if folder == "a" else 2))
    loaded = load_limits([tmp_path / "a" / "q.json", tmp_path / "b" / "q.json"], "micro")
    assert len(set(loaded.ids.values())) == 5
    assert loaded.effective.origins["max_gross_notional_frac"].endswith("a/q.json")


def test_every_set_names_itself_wherever_it_binds() -> None:
    sets = (ScreenLimits(), QtsRisk(), SafetyGate(), UltraConservative(), load_profiles().value.micro)
    for number, one in enumerate(sets):
        made = one.limit_set(f"set {number}")
        assert {made.origin, *(rule.origin for rule in made.losses)} == {f"set {number}"}


def test_a_stop_of_one_size_only_is_strict_and_no_contradiction() -> None:
    one = limits("a", min_stop_frac=D("0.02"), max_stop_frac=D("0.02"))
    assert effective_limits([one]).sets == ("a",)
    assert QtsRisk(min_stop_pct=0.05).max_stop_pct == ScreenLimits(min_stop_frac=0.05).max_stop_frac == 0.05


def test_strategies_of_the_file_bind_wherever_limits_do_and_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config" / "risk").mkdir(parents=True)
    (tmp_path / "config" / "risk" / "strategies.toml").write_text(
        'disabled = ["grid"]\n[profile_whitelist]\nmicro = ["rotation"]\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    loaded = load_limits([CONFIG / "risk" / "screen.toml"], "micro")
    assert (loaded.profile, loaded.policy.disabled) == ("micro", ("grid",))
    assert loaded.policy.refusal("scalper", "micro") == "is not on the whitelist of profile micro (rotation)"
    again = limits_from_record(json.loads(json.dumps(loaded.recorded)), loaded.ids)
    assert again == loaded


def test_a_list_for_a_profile_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "strategies.toml"
    path.write_text('[profile_blacklist]\nmacro = ["x"]\n', "utf-8")
    with pytest.raises(UserError, match="no profile 'macro'"):
        load(path, StrategyPolicy)
