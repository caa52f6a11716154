"""Invented tapes and rules for the tests of the compiled backtest, and the slow twin's run over them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rung.kernels.bars import layout as at
from rung.kernels.bars.basket import BasketBars, BasketResult
from rung.kernels.bars.params import BarRules
from rung.kernels.bars.portfolio import BarResult, Bars
from rung.kernels.bars.reference import ReferencePortfolio

D = Decimal
Row = NDArray[np.float64]
FREE: dict[str, Any] = {
    "capital_quote": D(100_000),
    "tick_size": D("0.01"),
    "lot_size": D(1),
    "taker_bps": D(0),
    "maker_bps": D(0),
    "half_spread_bps": D(0),
    "min_half_spread_quote": D(0),
    "slippage_bps": D(0),
    "max_participation_frac": None,
    "equity_frac": 0.5,
}


def rules(**changes: Any) -> BarRules:
    """No costs, whole shares, half of equity an entry; with the changes."""
    return BarRules(**{**FREE, **changes})


def bars_of(rows: list[tuple[float, float, float, float]], volume: float = 1e6, session: int = 0) -> Bars:
    """Bars written out: open, high, low, close."""
    o, h, l, c = (np.array(column, dtype=float) for column in zip(*rows, strict=True))  # noqa: E741
    n = len(rows)
    return Bars(open=o, high=h, low=l, close=c, volume=np.full(n, volume), session=np.full(n, session, np.int64))


def made_bars(seed: int, n: int, *, price: float = 50.0, tick: float = 0.01, wild: float = 2e-3) -> Bars:
    """A walk on the tick with ties, gaps at the open, zero volumes, broken bars, sessions and funding."""
    rng = np.random.default_rng(seed)
    close = price * np.exp(np.cumsum(rng.normal(0.0, wild, n) * (rng.random(n) > 0.2)))
    open_ = np.concatenate(([price], close[:-1])) * np.exp(rng.normal(0.0, wild, n) * (rng.random(n) < 0.3))
    high = np.maximum(open_, close) * (1.0 + rng.exponential(wild, n) * (rng.random(n) < 0.7))
    low = np.minimum(open_, close) * (1.0 - rng.exponential(wild, n) * (rng.random(n) < 0.7))
    digits = len(f"{tick:.10f}".rstrip("0").split(".")[1])
    open_, high, low, close = (np.round(np.round(x / tick) * tick, digits) for x in (open_, high, low, close))
    volume = np.round(np.exp(rng.normal(7.0, 1.5, n)), 1) * (rng.random(n) > 0.08)
    close[rng.random(n) < 0.02] = rng.choice([np.nan, 0.0, -1.0])
    low[rng.random(n) < 0.01] = np.nan
    session = np.cumsum(rng.random(n) < 0.05).astype(np.int64)
    funding = np.where(rng.random(n) < 0.05, np.round(rng.normal(0.0, 1e-4, n), 8), 0.0)
    atr = np.abs(rng.normal(price * wild * 2.0, price * wild, n))
    atr[: rng.integers(0, 5)] = np.nan
    return Bars(
        open=open_, high=high, low=low, close=close, volume=volume, session=session, funding=funding, atr=atr
    )  # fmt: skip


def made_directions(seed: int, n: int, stay: float = 0.8) -> NDArray[np.int8]:
    """Directions that last a while, with bars that decide nothing in between."""
    rng = np.random.default_rng(seed)
    out = rng.choice(np.array([-1, 0, 1], np.int8), n)
    for t in range(1, n):
        if rng.random() < stay:
            out[t] = out[t - 1]
    kept: NDArray[np.int8] = np.where(rng.random(n) < 0.05, np.int8(at.KEEP), out).astype(np.int8)
    return kept


def made_weights(seed: int, shape: tuple[int, ...]) -> Row:
    """Target weights on some bars, on the others none."""
    rng = np.random.default_rng(seed)
    weights = np.round(rng.uniform(-1.0, 1.0, shape), 2) * (rng.random(shape) < 0.7)
    return np.where(rng.random(shape) < 0.3, weights, np.nan)


def made_rules(seed: int) -> BarRules:
    """Any combination of everything a backtest can trade under."""
    rng = np.random.default_rng(seed)

    def some(*options: Any) -> Any:
        return options[int(rng.integers(len(options)))]

    fixed = bool(rng.random() < 0.4)
    return BarRules(
        capital_quote=some(D(100_000), D("12345.67"), D(1_000)),
        tick_size=some(D("0.01"), D("0.01"), D("0.05"), D("0.0001")),
        lot_size=some(D(1), D(1), D("0.001"), D(10), D("0.00001")),
        taker_bps=some(D(0), D(2), D("4.5")),
        maker_bps=some(D(0), D(1), D("1.75")),
        half_spread_bps=some(D(0), D("0.5"), D(3)),
        min_half_spread_quote=some(D(0), D("0.005")),
        slippage_bps=some(D(0), D(1), D("2.5")),
        max_participation_frac=some(None, D("0.1"), D("0.01"), D(1)),
        notional_quote=some(D(1_000), D("777.77"), D(20_000)) if fixed else None,
        equity_frac=None if fixed else some(0.3, 0.95, 1.7),
        min_position_quote=some(D(0), D(100), D(5_000)),
        max_notional_quote=some(None, None, D(15_000)),
        stop_frac=some(None, 0.002, 0.005, 0.02),
        take_profit_frac=some(None, 0.003, 0.01),
        **dict([some(("trail_atr", None), ("trail_atr", 1.5), ("trail_atr", 3.0), ("trail_frac", 0.004))]),
        flips=some(True, True, False),
        only_on_cross=some(False, False, True),
    )


def plain(
    bars: Bars, rules: BarRules, *, directions: NDArray[np.int8] | None = None, weights: Row | None = None
) -> ReferencePortfolio:
    """The slow twin over one symbol."""
    twin = ReferencePortfolio(rules)
    columns = zip(bars.open, bars.high, bars.low, bars.close, bars.volume, strict=True)
    multiple = rules.trail_atr
    for t, bar in enumerate(columns):
        funding = [bars.funding[t]] if len(bars.funding) else []
        twin.step([bar], int(bars.session[t]), funding)
        if multiple is not None or rules.trail_frac is not None:
            twin.trail_behind(bar[3], bars.atr[t])
        if weights is not None:
            twin.ask_weight(0, weights[t], bar[3])
        elif directions is not None:
            twin.ask_direction(int(directions[t]), bar[3])
    twin.end_day()
    return twin


def fills_of(result: BarResult | BasketResult, rules: BarRules) -> list[tuple[Any, ...]]:
    """bar, book, lots, price, fee, why: exact."""
    step, unit = rules.step_size, rules.unit_quote
    return [
        (int(f[at.FILL_BAR]), int(f[at.FILL_BOOK]), int(f[at.FILL_LOTS]), int(f[at.FILL_STEPS]) * step,
         int(f[at.FILL_FEE]) * unit, int(f[at.FILL_WHY]))
        for f in result.fills
    ]  # fmt: skip


def plain_fills(twin: ReferencePortfolio) -> list[tuple[Any, ...]]:
    return [(f.bar, f.book, f.lots, f.price, f.fee, f.why) for f in twin.fills]


def without_holes(bars: Bars) -> Bars:
    """The same with every bar sound."""
    close = np.where(bars.close > 0.0, bars.close, bars.open)
    low = np.where(bars.low > 0.0, bars.low, np.minimum(bars.open, close))
    return replace(bars, close=close, low=low, volume=np.maximum(bars.volume, 1.0))


def made_basket(seed: int, n: int, symbols: int) -> BasketBars:
    """Several such tapes on one clock, a tenth of the bars missing, some rows missing for all but one."""
    tapes = [made_bars(seed + 17 * s, n) for s in range(symbols)]
    rng = np.random.default_rng(seed)
    missing = rng.random((n, symbols)) < 0.1
    missing[np.arange(n), rng.integers(0, symbols, n)] = False
    columns = {
        name: np.where(missing, np.nan, np.column_stack([getattr(tape, name) for tape in tapes]))
        for name in ("open", "high", "low", "close", "volume")
    }
    funding = np.column_stack([tape.funding for tape in tapes])
    return BasketBars(**columns, session=tapes[0].session, funding=funding)


def plain_basket(bars: BasketBars, rules: BarRules, weights: Row) -> ReferencePortfolio:
    """The slow twin over a basket."""
    n, symbols = bars.close.shape
    twin = ReferencePortfolio(rules, symbols)
    for t in range(n):
        columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
        row = [tuple(float(column[t, s]) for column in columns) for s in range(symbols)]
        twin.step(row, int(bars.session[t]), () if bars.funding is None else list(bars.funding[t]))  # type: ignore[arg-type]
        for s in range(symbols):
            twin.ask_weight(s, float(weights[t, s]), float(bars.close[t, s]))
    twin.end_day()
    return twin
