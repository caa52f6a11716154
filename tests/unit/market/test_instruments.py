"""Instruments from a person's file and from venues' own words; what is not said is asked for."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rung.config.load import load, loads
from rung.domain.errors import UserError
from rung.domain.instrument import AssetClass, Instrument, MarginTier, PerpetualTerms, margin_tier
from rung.market.instruments import InstrumentsFile, binance_linear, binance_tiers, bybit_linear, bybit_spot

D = Decimal
ROOT = Path(__file__).resolve().parents[3]
HOUR_NS = 3_600_000_000_000
TIERS = (margin_tier("0", "0.005", "100"), margin_tier("1000000", "0.01", "50"))
BYBIT: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "contractType": "LinearPerpetual",
    "quoteCoin": "USDT",
    "leverageFilter": {"maxLeverage": "60.00"},
    "priceFilter": {"tickSize": "0.10"},
    "lotSizeFilter": {"qtyStep": "0.001", "minNotionalValue": "5"},
    "fundingInterval": 480,
}


def test_the_shipped_instruments_load() -> None:
    file = load(ROOT / "config" / "instruments.toml", InstrumentsFile).value
    assert set(file.perpetuals) == {"BTCUSDT", "ETHUSDT", "XRPUSDT", "SOLUSDT", "DOGEUSDT", "BNBUSDT"}
    bitcoin = file.perpetual("BTCUSDT")
    assert (bitcoin.tick_size, bitcoin.lot_size, bitcoin.min_notional) == (D("0.1"), D("0.001"), D(100))
    assert bitcoin.is_perpetual
    assert bitcoin.perpetual is not None
    assert bitcoin.perpetual.funding_interval_ns == 8 * HOUR_NS
    assert bitcoin.perpetual.maintenance_quote(D(600_000)) == D(600_000) * D("0.005") - 50


def test_an_instrument_nobody_described_is_asked_for() -> None:
    file = load(ROOT / "config" / "instruments.toml", InstrumentsFile).value
    with pytest.raises(UserError, match=r"add \[perpetuals.PEPEUSDT\]"):
        file.perpetual("PEPEUSDT")
    with pytest.raises(UserError, match="known are none"):
        file.coin("BTC")


def test_a_person_describes_coins_and_perpetuals() -> None:
    steps = 'venue = "firi"\nquote_currency = "NOK"\ntick_size = 0.01\nlot_size = 0.00000001\nmin_notional = 10\n'
    terms = "contract_value_base = 1\nfunding_interval_hours = 4\ntiers = [[0, 0.01, 25]]\n"
    file = loads(f"[spot.BTCNOK]\n{steps}[perpetuals.XUSDT]\n{steps}{terms}", InstrumentsFile, "instruments.toml").value
    coin, perpetual = file.coin("BTCNOK"), file.perpetual("XUSDT")
    assert (coin.asset_class, coin.lot_size, coin.perpetual) == (AssetClass.CRYPTO_SPOT, D("0.00000001"), None)
    assert perpetual.perpetual is not None
    assert perpetual.perpetual.funding_interval_ns == 4 * HOUR_NS


@pytest.mark.parametrize(
    "tiers", ["[]", "[[1, 0.01, 5]]", "[[0, 0.01, 5], [0, 0.02, 4]]", "[[0, 0, 5]]", "[[0, 0.1, 0]]"]
)
def test_tiers_that_are_none_are_refused(tiers: str) -> None:
    text = (
        '[perpetuals.X]\nvenue = "a"\nquote_currency = "USDT"\ntick_size = 0.1\nlot_size = 1\nmin_notional = 5\n'
        f"contract_value_base = 1\nfunding_interval_hours = 8\ntiers = {tiers}\n"
    )
    with pytest.raises(UserError, match=r"tiers|margin|leverage"):
        loads(text, InstrumentsFile, "instruments.toml")


def test_a_larger_position_never_needs_a_smaller_share() -> None:
    with pytest.raises(ValueError, match="smaller share"):
        PerpetualTerms(
            contract_value_base=D(1),
            funding_interval_ns=HOUR_NS,
            tiers=(margin_tier("0", "0.02", "10"), margin_tier("10", "0.01", "10")),
        )
    with pytest.raises(ValueError, match="worth something"):
        PerpetualTerms(contract_value_base=D(0), funding_interval_ns=HOUR_NS, tiers=TIERS)


def test_only_a_perpetual_has_the_terms_of_one() -> None:
    terms = PerpetualTerms(contract_value_base=D(1), funding_interval_ns=HOUR_NS, tiers=TIERS)
    with pytest.raises(ValueError, match="terms of a perpetual"):
        Instrument(
            symbol="X", venue="a", asset_class=AssetClass.EQUITY, quote_currency="USD", tick_size=D(1), lot_size=D(1),
            min_notional=D(1), perpetual=terms,
        )  # fmt: skip


def test_bybits_own_words_make_a_perpetual_with_its_cap_on_leverage() -> None:
    made = bybit_linear(BYBIT, TIERS)
    assert (made.symbol, made.venue, made.quote_currency) == ("BTCUSDT", "bybit", "USDT")
    assert (made.tick_size, made.lot_size, made.min_notional) == (D("0.10"), D("0.001"), D(5))
    assert made.perpetual is not None
    assert made.perpetual.funding_interval_ns == 8 * HOUR_NS
    assert [tier.max_leverage for tier in made.perpetual.tiers] == [D(60), D(50)]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"contractType": "InversePerpetual"}, "not a linear perpetual"),
        ({"fundingInterval": 8}, "funding interval of 8"),
        ({"lotSizeFilter": {"qtyStep": "0.001"}}, "says no minNotionalValue"),
        ({"priceFilter": {"tickSize": "abc"}}, "says no tickSize"),
        ({"priceFilter": {"tickSize": "0"}}, "says 0 as tickSize"),
    ],
)
def test_what_bybit_does_not_say_is_not_guessed(changes: dict[str, Any], match: str) -> None:
    with pytest.raises(UserError, match=match):
        bybit_linear({**BYBIT, **changes}, TIERS)


@pytest.mark.data
def test_venues_recorded_words_are_understood(real_data: Path) -> None:
    recorded = real_data.parent / "fixtures"
    if not recorded.is_dir():
        pytest.skip("no recorded venue answers beside the data")
    rows = json.loads((recorded / "bybit/nautilus/http_get_instruments_spot.json").read_text("utf-8"))["result"]["list"]
    assert (bybit_spot(rows[0]).symbol, bybit_spot(rows[0]).min_notional) == ("BTCUSDT", D(10))
    routes = json.loads((recorded / "binance/gocryptotrader/http.json").read_text("utf-8"))["routes"]
    symbols = {row["symbol"]: row for row in routes["/fapi/v1/exchangeInfo"]["GET"][0]["data"]["symbols"]}
    brackets = json.loads((recorded / "binance/freqtrade/binance_leverage_tiers.json").read_text("utf-8"))
    shipped = load(ROOT / "config" / "instruments.toml", InstrumentsFile).value
    for symbol in ("BTCUSDT", "ETHUSDT", "XRPUSDT"):
        tiers = binance_tiers([row["info"] for row in brackets[f"{symbol[:-4]}/USDT:USDT"]])
        assert binance_linear(symbols[symbol], tiers, 8 * HOUR_NS) == shipped.perpetual(symbol)


@pytest.mark.data
def test_every_recorded_bracket_deducts_what_its_rates_make_it(real_data: Path) -> None:
    path = real_data.parent / "fixtures/binance/freqtrade/binance_leverage_tiers.json"
    if not path.is_file():
        pytest.skip("no recorded brackets beside the data")
    brackets = json.loads(path.read_text("utf-8"))
    linear = [rows for name, rows in brackets.items() if name.endswith(":USDT")]
    assert len(linear) > 200
    for rows in linear:
        tiers = binance_tiers([row["info"] for row in rows])
        assert isinstance(tiers[0], MarginTier)
    wrong = [dict(row["info"]) for row in linear[0]]
    wrong[1]["cum"] = "1e9"
    with pytest.raises(UserError, match="deducts"):
        binance_tiers(wrong)
