"""The cost file: nothing in it may be forgotten, and every cost is stamped on the report."""

from __future__ import annotations

from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path

import pytest
from tests.unit.simulation.made_perps import history, perpetual

from rung.config.load import load, loads
from rung.domain.errors import UserError
from rung.domain.instrument import us_equity
from rung.simulation.compose import crypto_stamps, crypto_venue, sim_venue, stamps
from rung.simulation.params import (
    BorrowParams,
    CostParams,
    CryptoCostParams,
    CryptoFeeParams,
    FeeParams,
    LatencyParams,
    LiquidityParams,
    MarginParams,
    SlippageParams,
    UsEquityRates,
)

SHIPPED = Path(__file__).resolve().parents[3] / "config" / "costs.toml"


def shipped() -> CostParams:
    return load(SHIPPED, CostParams).value


@pytest.mark.parametrize(
    "schema", [CostParams, FeeParams, UsEquityRates, SlippageParams, LiquidityParams, LatencyParams]
)
def test_no_cost_has_a_default(schema: type) -> None:
    assert is_dataclass(schema)
    assert [f.name for f in fields(schema) if f.default is not MISSING or f.default_factory is not MISSING] == []


def test_the_shipped_costs_load_and_make_a_venue() -> None:
    costs = shipped()
    assert costs.slippage.half_spread_bps > 0
    assert costs.liquidity.max_participation_frac <= 1
    assert sim_venue(costs, {"TQQQ": us_equity("TQQQ")}).working() == {}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("slippage_bps = 1.0", "slippage_bps"),
        ("commission_per_share_quote = 0", "commission_per_share_quote"),
        ("borrow_annual_bps = 500", "borrow_annual_bps"),
        ("delay_seconds = 0", "delay_seconds"),
        ("max_participation_frac = 0.10", "max_participation_frac"),
    ],
)
def test_a_missing_cost_is_an_error_that_names_it(line: str, key: str) -> None:
    text = SHIPPED.read_text("utf-8")
    assert text.count(line) == 1
    with pytest.raises(UserError, match=f"{key}: is required"):
        loads(text.replace(line, ""), CostParams, "costs.toml")


def test_a_negative_cost_is_refused() -> None:
    text = SHIPPED.read_text("utf-8").replace("slippage_bps = 1.0", "slippage_bps = -1.0")
    with pytest.raises(UserError, match="slippage_bps"):
        loads(text, CostParams, "costs.toml")


def test_taking_more_than_the_market_is_refused() -> None:
    text = SHIPPED.read_text("utf-8").replace("max_participation_frac = 0.10", "max_participation_frac = 1.5")
    with pytest.raises(UserError, match="max_participation_frac"):
        loads(text, CostParams, "costs.toml")


def test_every_cost_is_stamped_zeros_included() -> None:
    rows = stamps(shipped())
    text = "\n".join(f"{name}: {value}" for name, value in rows)
    assert "half-spread: 1.0 bps, at least $0.005" in text
    assert "borrow: 500 bps a year" in text
    assert "commission: $0 per share, at least $0" in text
    assert "regulatory fees from 2025-05-14: SEC $0 per million sold" in text
    assert "participation: at most 0.10 of a bar's volume" in text
    assert "latency: 0 s" in text
    assert len({name for name, _ in rows}) == len(rows)


CRYPTO = SHIPPED.with_name("costs_crypto.toml")


@pytest.mark.parametrize("schema", [CryptoCostParams, CryptoFeeParams, BorrowParams, MarginParams])
def test_no_cost_of_crypto_has_a_default(schema: type) -> None:
    assert is_dataclass(schema)
    assert [f.name for f in fields(schema) if f.default is not MISSING or f.default_factory is not MISSING] == []


@pytest.mark.parametrize("key", ["maker_bps", "taker_bps", "annual_bps", "liquidation_fee_bps", "spot_collateral_frac"])
def test_a_missing_cost_of_crypto_is_an_error_that_names_it(key: str) -> None:
    text = CRYPTO.read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith(f"{key} =")]
    assert len(lines) == len(text.splitlines()) - 1
    with pytest.raises(UserError, match=f"{key}: is required"):
        loads("\n".join(lines), CryptoCostParams, "costs_crypto.toml")


def test_a_liquidation_is_not_cheaper_than_a_trade() -> None:
    text = CRYPTO.read_text("utf-8").replace("liquidation_fee_bps = 125", "liquidation_fee_bps = 5")
    with pytest.raises(UserError, match="cannot be less"):
        loads(text, CryptoCostParams, "costs_crypto.toml")


def test_every_cost_of_crypto_is_stamped_with_zeros_and_the_source_of_the_rates() -> None:
    costs = load(CRYPTO, CryptoCostParams).value
    rows = dict(crypto_stamps(costs, {"BTCUSDT": history()}))
    assert rows["funding"] == "as paid: BTCUSDT from a test"
    assert dict(crypto_stamps(costs, {}))["funding"] == "nothing here pays funding"
    assert rows["fees"] == "2.0 bps resting, 5.5 bps crossing"
    assert rows["collateral"] == "0 of what is held in spot"
    assert set(rows) == {
        "fees", "half-spread", "slippage", "funding", "borrow", "liquidation", "collateral", "participation", "latency",
    }  # fmt: skip


def test_a_perpetual_without_rates_is_refused_before_anything_runs() -> None:
    costs = load(CRYPTO, CryptoCostParams).value
    with pytest.raises(UserError, match="no funding history for the perpetual BTCUSDT"):
        crypto_venue(costs, {"BTCUSDT": perpetual()}, {}, costs.fees.taker_bps)
