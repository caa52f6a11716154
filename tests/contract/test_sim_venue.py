"""SimVenue keeps the contract of a venue, with costs and with room to spare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from tests.contract.venue_contract import Market, Prices, VenueContract
from tests.unit.simulation.made import SYMBOL, Stage, sim

from rung.config.load import load
from rung.domain.fill import Fill
from rung.domain.instrument import AssetClass, us_equity
from rung.simulation.compose import crypto_venue, sim_venue
from rung.simulation.params import CostParams, CryptoCostParams
from rung.simulation.venue import SimVenue

COSTS = Path(__file__).resolve().parents[2] / "config" / "costs.toml"
CRYPTO_COSTS = COSTS.with_name("costs_crypto.toml")


class SimMarket(Market):
    def __init__(self, venue: SimVenue) -> None:
        self._stage = Stage(venue)
        self.venue, self.symbol = venue, SYMBOL

    @property
    def now_ns(self) -> int:
        return self._stage.now_ns

    def minute(self, prices: Prices | None) -> Sequence[Fill]:
        if prices is None:
            return self._stage.gap()
        return self._stage.bar(prices.open, prices.high, prices.low, prices.close, volume=1e6)


class TestSimVenueWithoutCosts(VenueContract):
    def open_market(self) -> Market:
        return SimMarket(sim())


class TestSimVenueWithTheShippedCosts(VenueContract):
    def open_market(self) -> Market:
        return SimMarket(sim_venue(load(COSTS, CostParams).value, {SYMBOL: us_equity(SYMBOL)}))


class TestFinancedVenueWithTheShippedCostsOfCrypto(VenueContract):
    def open_market(self) -> Market:
        costs = load(CRYPTO_COSTS, CryptoCostParams).value
        coin = replace(us_equity(SYMBOL), asset_class=AssetClass.CRYPTO_SPOT)
        return SimMarket(crypto_venue(costs, {SYMBOL: coin}, {}, Decimal(1_000_000)))
