"""A made-up sheet for tests of how sheets are drawn; its numbers mean nothing and agree with each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np

from rung.reports.sheet.content import Box, Curve, Figure, Group, Kind, Rolling, Sheet, Surface, TradeList, TradeRow

KEYS = (
    ("total_return_frac", Kind.CHANGE, 0.0123), ("hold_return_frac", Kind.CHANGE, -0.02),
    ("start_equity_quote", Kind.MONEY, Decimal(1000)), ("max_drawdown_frac", Kind.CHANGE, -0.1),
    ("trades", Kind.COUNT, 1), ("win_rate_frac", Kind.SHARE, 1.0), ("costs_quote", Kind.MONEY, Decimal("3.5")),
    ("exposure_mean_frac", Kind.SHARE, 0.5), ("time_in_market_frac", Kind.SHARE, 0.6),
    ("refused_orders", Kind.COUNT, 2), ("expectancy_quote", Kind.GAIN, -0.004),
)  # fmt: skip
MISSING = (("profit_factor", "no trade lost"), ("funding_quote", "not charged"), ("borrow_quote", "not charged"))
SHARPE = Figure(key="sharpe", label="Sharpe", value=1.5, error=0.7, kind=Kind.RATIO)


def made(days: int = 5, **changes: object) -> Sheet:
    """days : from 2025-01-30 on, weekends included; each returns a thousandth more than the one before."""
    at_ns = 1_738_195_200_000_000_000 + np.arange(days * 24, dtype=np.int64) * 3_600_000_000_000
    equity = 1000.0 + np.sin(np.arange(days * 24) / 7.0) * 20.0
    figures = [Figure(key=key, label=key, value=value, kind=kind, remark="so") for key, kind, value in KEYS]
    figures += [Figure(key=key, label=key, value=None, kind=Kind.MONEY, missing=why) for key, why in MISSING]
    inside = (replace(SHARPE, key="sharpe"),)
    outside = (Figure(key="sharpe", label="Sharpe", value=None, kind=Kind.RATIO, missing="nothing was kept"),)
    sheet = Sheet(
        strategy="made", origin="here", symbols=("AAA",), start="2025-01-30", end="2025-02-03", currency="USDT",
        synthetic=False, identity={"strategy": "made"}, parameters=(("period", "3"),), costs=(("fees", "1 bps"),),
        ids=(("Costs", "abc"),), groups=(Group(title="All", figures=(*figures, SHARPE)),), honest="nobody knows",
        box=Box(
            verdict="cannot tell", tone="warn", sentences=("It is short.",), in_sample=inside, out_of_sample=outside,
            tried="the 2nd configuration",
        ),
        curve=Curve(at_ns=at_ns, equity_quote=equity, hold_quote=equity[::-1].copy(), gross_quote=equity / 2),
        daily=tuple((str(date(2025, 1, 30) + timedelta(days=i)), i / 1000) for i in range(days)),
        rolling=Rolling(window=30, missing="needs 31 days, has 5"),
        waterfall=(("before costs", 15.8), ("fees", -3.5), ("after costs", 12.3)),
        trades=TradeList(rows=(trade(),), count=1, returns_frac=np.array([0.01]), file="trades.csv"),
        surface=None, refused={"stale": 2}, doubts=("a gap",), notes=("a note", "a note"),
    )  # fmt: skip
    return replace(sheet, **changes)  # type: ignore[arg-type]


def trade(why: str = "up / down", symbol: str = "AAA") -> TradeRow:
    return TradeRow(
        symbol=symbol, side="long", opened="2025-01-30 00:05", closed="2025-01-30 01:00", bars=55, entry_price=100.0,
        exit_price=101.5, return_frac=0.01, pnl_quote=12.3, costs_quote=3.5, trigger="order", why=why,
    )  # fmt: skip


SURFACE = Surface(
    x_name="period", y_name="band", measure="sharpe", x=("20", "40"), y=("0.1",), values=((1.25, None),),
    chosen=("20", "0.1"),
)  # fmt: skip
