"""Streamed = desk: what a strategy sees, its orders, fills, charges, equity and figures, to the last digit."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.funding import FundingHistory, FundingInstant
from rung.domain.instrument import AssetClass, Instrument, MarginTier, PerpetualTerms
from rung.lab import Strategy, SymbolView, Wish
from rung.lab.backtesting import on_the_desk, recorded
from rung.lab.bench import BacktestRequest, Bench, prepare
from rung.lab.result import BacktestResult
from rung.lab.streaming import streamed, why_not
from rung.lab.subject import outcome_of
from rung.market.tape import Label, RawBars, Tape, make_tape
from rung.risk.limits import effective_limits
from rung.risk.params import ScreenLimits
from rung.simulation.params import (
    BorrowParams,
    CryptoCostParams,
    CryptoFeeParams,
    LatencyParams,
    LiquidityParams,
    MarginParams,
    SlippageParams,
)

D = Decimal
EVENING_NS = 1_746_914_400_000_000_000  # Saturday, 2025-05-10, 22:00 UTC: a day ends after two hours
FRAMES = ("equity", "hold", "daily", "trades", "fills", "charges", "orders")
seeds = st.integers(0, 2**31 - 1)
Seen = list[tuple[Any, ...]]


def made_tape(rng: np.random.Generator, n: int, tick: Decimal) -> Tape:
    """A walk with gaps at the open, holes, halts, jumps, bars without volume and bars with hardly any."""
    wild = float(rng.choice([5e-4, 2e-3, 8e-3]))
    close = 50.0 * np.exp(np.cumsum(rng.normal(0.0, wild, n) * (rng.random(n) > 0.2)))
    close *= np.exp(np.cumsum(np.where(rng.random(n) < 0.01, rng.normal(0.0, 0.15, n), 0.0)))
    open_ = np.concatenate(([50.0], close[:-1])) * np.exp(rng.normal(0.0, wild, n) * (rng.random(n) < 0.3))
    high = np.maximum(open_, close) * (1.0 + rng.exponential(wild, n) * (rng.random(n) < 0.7))
    low = np.minimum(open_, close) * (1.0 - rng.exponential(wild, n) * (rng.random(n) < 0.7))
    step, digits = float(tick), 6 if rng.random() < 0.7 else 17  # else with what a product of floats leaves behind
    open_, high, low, close = (
        np.maximum(np.round(np.round(x / step) * step, digits), step) for x in (open_, high, low, close)
    )
    volume = np.exp(rng.normal(rng.choice([2.0, 6.0, 9.0]), 1.5, n)) * (rng.random(n) > 0.08)
    volume = np.round(volume, 1) if rng.random() < 0.7 else np.round(volume, 1) * 0.1
    minutes = np.cumsum(rng.choice([1, 2, 4, 6, 20], n, p=[0.94, 0.02, 0.02, 0.01, 0.01]))
    raw = RawBars(
        open_ns=EVENING_NS + minutes * NS_PER_MINUTE, open=open_, high=high, low=low, close=close, volume=volume
    )
    return make_tape(raw, Label(symbol="TEST", interval_ns=NS_PER_MINUTE, source="made", synthetic=True))


def made_costs(rng: np.random.Generator) -> CryptoCostParams:
    bps = [D(str(each)) for each in rng.choice([0, 1, 2.5, 7], 4)]
    return CryptoCostParams(
        fees=CryptoFeeParams(maker_bps=bps[0], taker_bps=bps[1]),
        borrow=BorrowParams(annual_bps=D(int(rng.choice([0, 500, 90_000])))),
        margin=MarginParams(liquidation_fee_bps=D(50), spot_collateral_frac=D(1)),
        slippage=SlippageParams(
            half_spread_bps=bps[2], min_half_spread_quote=D(str(rng.choice([0, 0.005]))), slippage_bps=bps[3]
        ),
        liquidity=LiquidityParams(max_participation_frac=D(str(rng.choice([0.01, 0.2, 1])))),
        latency=LatencyParams(delay_seconds=float(rng.choice([0.0, 0.0, 0.0, 1.0, 130.0]))),
    )


def made_funding(rng: np.random.Generator, tape: Tape) -> FundingHistory:
    """Due at bars' opens, inside bars and in holes, every few minutes."""
    minutes = np.cumsum(rng.integers(3, 30, len(tape)))
    instants = [0, *(minutes * 60 + rng.choice([0, 17], len(minutes))).tolist()]
    return FundingHistory(
        symbol="TEST",
        interval_ns=40 * NS_PER_MINUTE,
        instants=tuple(
            FundingInstant(
                at_ns=EVENING_NS + seconds * 1_000_000_000,
                rate=D(int(rng.integers(-40, 40))) / 10_000,
                mark_price=D("49.7") if rng.random() < 0.1 else None,
            )
            for seconds in instants
        ),
        source="made",
    )


def made_strategy(seed: int, seen: Seen) -> type[Strategy]:
    """Looks at everything now and then, and wishes at random: repeats itself, resizes, flips, changes its stops."""
    habits = np.random.default_rng(seed)
    talkative, fickle = float(habits.choice([0.05, 0.3, 0.9])), float(habits.choice([0.0, 0.1, 0.7]))
    trailing, reckless = habits.random() < 0.5, habits.random() < 0.5

    class Random(Strategy):
        def start(self) -> None:
            self.rng = np.random.default_rng(seed + 1)
            self.last: Wish | None = None

        def decide(self, view: SymbolView) -> Wish | None:
            rng = self.rng
            seen.append(_looked_at(view, rng))
            if rng.random() > talkative:
                return None if rng.random() < 0.5 else self.last
            side, weight = rng.choice([-1, 0, 1]), 9.0 if reckless else float(rng.choice([0.3, 0.6, 0.95, 1.4]))
            weight = min(self.most_weight, weight)
            if side == 0:
                self.last = self.flat("out")
                return self.last
            stop, target, trail, trail_by = 0.24 if reckless else 0.01, None, None, None
            if rng.random() < fickle:
                stop = float(rng.choice([0.0005, 0.002, 0.1 * 0.03, 0.03, 0.3]))
            if rng.random() < 0.5:
                target = float(rng.choice([0.002, 0.006]))
            if trailing and rng.random() < 0.7:
                trail, trail_by = (0.004, None) if rng.random() < 0.5 else (None, float(rng.choice([0.1, 0.3])))
            say = self.long if side > 0 else self.short
            self.last = say("go", weight=weight, stop=stop, target=target, trail=trail, trail_by=trail_by)
            return self.last

    return Random


def _looked_at(view: SymbolView, rng: np.random.Generator) -> tuple[Any, ...]:
    now = (view.at_ns, view.side, view.bar, view.minute, view.session.date, view.symbol)
    return (*now, view.equity, view.gain_frac, view.position) if rng.random() < 0.3 else now


def made_bench(seed: int, n: int, seen: Seen) -> Bench:
    rng = np.random.default_rng(seed)
    tick, lot = D(str(rng.choice(["0.01", "0.05", "0.0001"]))), D(str(rng.choice(["1", "0.1", "0.001"])))
    tape, perpetual = made_tape(rng, n, tick), bool(rng.random() < 0.5)
    most = float(rng.choice([0.5, 1.0, 10.0]))
    limits = ScreenLimits(
        max_symbol_notional_frac=most, max_gross_notional_frac=most, min_stop_frac=0.001, max_stop_frac=0.25,
        min_bar_volume_base=float(rng.choice([0.0, 5.0])), max_bar_range_frac=0.1, max_bar_move_frac=0.1,
        max_orders_per_minute=int(rng.choice([1, 30])), no_entry_last_minutes=0, min_equity_quote=0.0,
        min_equity_start_frac=float(rng.choice([0.1, 0.9])),
    )  # fmt: skip
    request = BacktestRequest(
        strategy=made_strategy(seed + 7, seen), data=[tape], capital=D(str(rng.choice(["100000", "1000.5"]))),
        costs=made_costs(rng), limits=effective_limits([limits.limit_set("made")]), cache=None, traded_as="spot",
    )  # fmt: skip
    bench = prepare(request)
    tiers = (
        MarginTier(from_notional_quote=D(0), maintenance_frac=D("0.01"), max_leverage=D(50)),
        MarginTier(from_notional_quote=D(60_000), maintenance_frac=D("0.02"), max_leverage=D(20)),
    )
    instrument = Instrument(
        symbol="TEST", venue="sim", quote_currency="USDT", tick_size=tick, lot_size=lot, min_notional=D(5),
        asset_class=AssetClass.CRYPTO_PERP if perpetual else AssetClass.CRYPTO_SPOT,
        perpetual=PerpetualTerms(contract_value_base=D(1), funding_interval_ns=40 * NS_PER_MINUTE, tiers=tiers)
        if perpetual else None,
    )  # fmt: skip
    return replace(
        bench,
        instruments={"TEST": instrument},
        histories={"TEST": made_funding(rng, tape)} if perpetual else {},
        market=replace(bench.market, flagged={"TEST": frozenset(tape.open_ns[rng.random(n) < 0.05].tolist())}),
    )


def result_of(bench: Bench, record: Any) -> BacktestResult:
    return recorded(record, bench.identity, bench.capital, bench.market, bench.histories)


def same(one: BacktestResult, other: BacktestResult) -> None:
    for name in FRAMES:
        assert getattr(one, name).equals(getattr(other, name)), name
    assert one.figures == other.figures
    assert one.notes == other.notes


def one_case(seed: int, n: int) -> Counter[str]:
    """The same bench streamed and on the desk; answers what came up."""
    seen: Seen = []
    bench = made_bench(seed, n, seen)
    assert why_not(bench) == ""
    desk = on_the_desk(bench)
    truth = result_of(bench, desk)
    by_desk = list(seen)
    seen.clear()
    record = streamed(bench, lambda day, done: None)
    assert seen == by_desk
    same(result_of(bench, record), truth)
    assert outcome_of(record, bench.capital) == outcome_of(desk, bench.capital)
    return Counter(truth.fills["trigger"]) + Counter(truth.charges["kind"]) + Counter(truth.figures.refused)


@settings(max_examples=120)
@given(seeds, st.sampled_from([5, 60, 300]))
def test_a_streamed_run_is_the_desks(seed: int, n: int) -> None:
    one_case(seed, n)


def test_these_cases_have_everything_in_them() -> None:
    """Else the test above would compare nothing."""
    found = sum((one_case(seed, 200) for seed in range(60)), Counter())
    wanted = ("ORDER", "STOP", "TAKE_PROFIT", "FUNDING", "BORROW", "invalid_stop_loss", "market_halted")
    assert {each: found[each] >= 10 for each in wanted} == dict.fromkeys(wanted, True)
    assert found["LIQUIDATION"] > 0
