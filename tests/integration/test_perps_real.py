"""Perpetuals on real bars and real rates: funding to the cent, longer bars as polars makes them, ruin where it was."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rung.config.load import load
from rung.domain.charge import ChargeKind
from rung.domain.errors import UserError
from rung.domain.fill import Trigger
from rung.domain.instrument import Instrument
from rung.domain.order import Order, OrderKind, Side
from rung.domain.slice import Slice
from rung.domain.target import Action
from rung.domain.verdicts import Approved
from rung.ledger.ledger import Ledger
from rung.market.calendar import AlwaysOpen, xnys
from rung.market.catalogue import Catalogue
from rung.market.funding import find_funding
from rung.market.instruments import InstrumentsFile
from rung.market.replay import TapeFeed
from rung.market.resample import ResampledFeed, resample
from rung.market.tape import Tape
from rung.simulation.compose import crypto_stamps, crypto_venue
from rung.simulation.financed import FinancedVenue
from rung.simulation.params import CryptoCostParams

pytestmark = pytest.mark.data
CONFIG = Path(__file__).resolve().parents[2] / "config"
BTC = "BTCUSDT"
D = Decimal
CAPITAL = D(1_000_000)


def instrument(symbol: str = BTC) -> Instrument:
    return load(CONFIG / "instruments.toml", InstrumentsFile).value.perpetual(symbol)


def venue(real_data: Path, venue_name: str = "binance", capital: Decimal = CAPITAL) -> FinancedVenue:
    bitcoin = instrument()
    assert bitcoin.perpetual is not None
    rates = {BTC: find_funding(real_data / "funding", venue_name, BTC, bitcoin.perpetual.funding_interval_ns)}
    costs = load(CONFIG / "costs_crypto.toml", CryptoCostParams).value
    assert any(BTC in value for name, value in crypto_stamps(costs, rates) if name == "funding")
    return crypto_venue(costs, {BTC: bitcoin}, rates, capital)


def order(at_ns: int, quantity: Decimal, price: float) -> Approved[Order]:
    return Approved(
        Order(
            order_id=f"o{at_ns}",
            at_ns=at_ns,
            symbol=BTC,
            side=Side.BUY if quantity > 0 else Side.SELL,
            kind=OrderKind.MARKET,
            quantity=abs(quantity),
            reference_price=D(repr(price)),
            reduce_only=False,
            action=Action.ENTER_LONG,
            reason="a test",
            strategy="tests",
        ),
        at_ns,
    )


def hold(feed: Sequence[Slice], on: FinancedVenue, quantity: Decimal, books: Ledger) -> None:
    """Enter on the second bar and keep it."""
    for row, event in enumerate(feed):
        for fill in on.advance(event):
            books.book(fill)
        for charge in on.charges():
            books.charge(charge)
        for bar in event.bars.values():
            books.mark(bar.symbol, bar.close)
        if row == 0:
            on.submit(order(event.at_ns, quantity, event.bars[BTC].close))


@pytest.mark.parametrize("quantity", [D("1.5"), D("-1.5")])
def test_a_month_of_funding_is_what_polars_counts_from_the_files(real_data: Path, quantity: Decimal) -> None:
    tape = Catalogue(real_data / "crypto" / "binance_perp", None).tape(BTC)
    feed = list(TapeFeed([tape], AlwaysOpen(), "2025-06-01", "2025-06-30"))
    books = Ledger("USDT", CAPITAL, margined=(BTC,))
    on = venue(real_data)
    hold(feed, on, quantity, books)

    folder = real_data / "funding"
    rates = pl.read_parquet(folder / "binance_perp_BTCUSDT_funding.parquet")
    marks = pl.read_parquet(folder / "binance_perp_BTCUSDT_mark_1h.parquet").select("timestamp", mark="open")
    first, last = pl.datetime(2025, 6, 1, 8, time_zone="UTC"), pl.datetime(2025, 6, 30, 16, time_zone="UTC")
    june = pl.col("timestamp").is_between(first, last)
    due = rates.filter(june).join(marks, on="timestamp", how="left")
    assert due.height == 89
    assert due["mark"].null_count() == 0
    expected = (due["funding_rate"] * due["mark"]).sum() * float(quantity)
    assert abs(float(books.funding_quote) - expected) < 0.005
    assert due["funding_rate"].min() < 0 < due["funding_rate"].max()
    assert books.equity_quote == CAPITAL + books.unrealised_quote - books.fees_quote - books.funding_quote


def test_a_hole_of_a_year_in_the_recorded_rates_is_found_where_it_starts(real_data: Path) -> None:
    """Bybit's history lacks 2024: a position held into it stops the run, a flat account does not mind."""
    history = find_funding(real_data / "funding", "bybit", BTC, 8 * 3_600_000_000_000)
    instants = [i.at_ns for i in history.instants]
    gap = int(np.argmax(np.diff(instants)))
    due = instants[gap] + history.interval_ns
    assert history.missing_from(instants[gap] - 1, due + 1) == due
    assert history.missing_from(instants[gap + 1], instants[-1]) is None


def test_a_perpetual_whose_rates_end_stops_the_run(real_data: Path) -> None:
    tape = Catalogue(real_data / "crypto" / "binance_perp", None).tape(BTC)
    feed = list(TapeFeed([tape], AlwaysOpen(), "2025-01-01", "2025-01-02"))
    on = venue(real_data, "bybit")
    with pytest.raises(UserError, match="2025-01-01 00:05 UTC is unknown"):
        hold(feed, on, D(1), Ledger("USDT", CAPITAL, margined=(BTC,)))


def test_a_hundredfold_long_of_real_bars_is_liquidated_and_says_at_what_price(real_data: Path) -> None:
    """1 BTC with 1 100 USDT behind it: the first fall of a percent ends it, at a price of that bar."""
    tape = Catalogue(real_data / "crypto" / "binance_perp_1m_2025", None).tape(BTC)
    feed = list(TapeFeed([tape], AlwaysOpen(), "2025-05-05", "2025-05-08"))
    on = venue(real_data, capital=D(1_100))
    fills, charges = [], []
    for row, event in enumerate(feed):
        fills += [(fill, event) for fill in on.advance(event)]
        charges += on.charges()
        if row == 0:
            on.submit(order(event.at_ns, D(1), event.bars[BTC].close))
    (entry, _), (end, event) = fills
    assert (entry.trigger, end.trigger) == (Trigger.ORDER, Trigger.LIQUIDATION)
    bar = event.bars[BTC]
    assert bar.low <= float(end.reference_price) <= bar.open
    assert [c.kind for c in charges if c.kind is not ChargeKind.FUNDING] in ([], [ChargeKind.LIQUIDATION_FEE])
    left = D(1_100) - entry.fee_quote - (entry.price - end.price) - sum((c.amount_quote for c in charges), D(0))
    assert 0 <= left < D(20)
    lowest_before = min(float(e.bars[BTC].low) for e in feed if entry.at_ns < e.at_ns < event.at_ns)
    paid = float(sum((c.amount_quote for c in charges if c.kind is ChargeKind.FUNDING), D(0)))
    ruin = 1_100 - float(entry.price + entry.fee_quote)
    assert lowest_before + ruin - min(paid, 0) > 0.005 * lowest_before - 50
    assert bar.low + ruin - paid <= 0.005 * bar.low - 50


@pytest.mark.parametrize(("symbol", "minutes"), [("BTCUSDT", 5), ("BTCUSDT", 60), ("XRPUSDT", 15), ("BTCUSDT", 1440)])
def test_coins_in_longer_bars_are_what_polars_makes_of_them(real_data: Path, symbol: str, minutes: int) -> None:
    folder = real_data / "crypto" / "binance_perp_1m_2025"
    made = resample(Catalogue(folder, None).tape(symbol), minutes, AlwaysOpen())
    same_as_polars(made, pl.read_parquet(folder / f"{symbol}_1m.parquet"), minutes, drop_last=True)


@pytest.mark.parametrize("minutes", [5, 15, 30])
def test_shares_in_longer_bars_are_what_polars_makes_of_them(real_data: Path, minutes: int) -> None:
    """Half hours of UTC are half hours of a New York session, on its DST days and its early close too."""
    folder = real_data / "equities"
    made = resample(Catalogue(folder, None).tape("TQQQ"), minutes, xnys(None))
    same_as_polars(made, pl.read_parquet(folder / "TQQQ_1m.parquet"), minutes, drop_last=False)


def same_as_polars(made: Tape, frame: pl.DataFrame, minutes: int, *, drop_last: bool) -> None:
    grouped = frame.sort("timestamp").group_by_dynamic("timestamp", every=f"{minutes}m")
    expected = grouped.agg(
        pl.col("open").first(),
        pl.col("high").max(),
        pl.col("low").min(),
        pl.col("close").last(),
        pl.col("volume").sum(),
    )
    if drop_last:
        expected = expected.head(-1)
    stamps = expected["timestamp"].dt.epoch("ns").to_numpy()
    assert len(made) == len(expected) > 10
    assert np.array_equal(made.open_ns, stamps)
    for name in ("open", "high", "low", "close"):
        assert np.array_equal(getattr(made, name), expected[name].to_numpy())
    assert np.allclose(made.volume, expected["volume"].to_numpy(), rtol=1e-12, atol=0)


def test_several_coins_around_the_clock_as_they_come_and_at_once(real_data: Path) -> None:
    symbols = ("BTCUSDT", "ETHUSDT", "DOGEUSDT")
    tapes = Catalogue(real_data / "crypto" / "binance_perp_1m_2025", None).tapes(symbols)
    feed = TapeFeed(tapes, AlwaysOpen(), "2025-05-24", "2025-05-27")
    assert [s.date for s in feed.sessions] == ["2025-05-24", "2025-05-25", "2025-05-26", "2025-05-27"]
    streamed = list(ResampledFeed(feed, 15, symbols))
    longer = [resample(tape, 15, AlwaysOpen()) for tape in tapes]
    assert streamed == list(TapeFeed(longer, AlwaysOpen(), "2025-05-24", "2025-05-27"))
    assert len(streamed) == 4 * 96
    assert {tuple(event.bars) for event in streamed} == {symbols[:2], symbols}
