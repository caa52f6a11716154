"""The tables every form of the report shares: header and rows as text."""

from __future__ import annotations

from typing import NamedTuple

from rung.reports.figures import RunMetrics
from rung.reports.info import RunInfo
from rung.reports.words import NOTHING, money, percent


class Table(NamedTuple):
    """The first column is a name, the others are figures."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def symbol_table(metrics: RunMetrics) -> Table:
    """Best first; returns are on the capital of the run."""
    header = ("Symbol", "Return", "P&L", "Trades", "Win rate", "Mean hold", "Fees", "Slippage", "Buy & hold")
    rows = tuple(
        (
            s.symbol,
            percent(s.return_frac),
            money(s.pnl_quote, signed=True),
            str(s.trades),
            percent(s.win_rate_frac, 0, signed=False),
            NOTHING if s.mean_bars_held is None else f"{s.mean_bars_held:.1f} bars",
            money(s.fees_quote),
            money(s.slippage_quote),
            percent(s.hold_return_frac),
        )
        for s in metrics.symbols
    )
    return Table(header, rows)


def day_table(metrics: RunMetrics) -> Table:
    """One row per session, oldest first."""
    header = ("Session", "Return", "Trades", "Win rate", "Drawdown", "Turnover", "Costs", "Refused", "Equity")
    rows = tuple(
        (
            d.date,
            percent(d.return_frac),
            str(d.trades),
            percent(d.win_rate_frac, 0, signed=False),
            percent(-d.max_drawdown_frac),
            f"{d.turnover:.1f}x",
            money(d.fees_quote + d.slippage_quote),
            str(d.refused_orders),
            money(d.end_equity_quote),
        )
        for d in metrics.days
    )
    return Table(header, rows)


def skill_table(info: RunInfo) -> Table:
    """Mean squared error ÷ variance of the target, a row per symbol and a column per horizon."""
    horizons = sorted({row.horizon_bars for row in info.skill})
    ratios = {(row.symbol, row.horizon_bars): row.mse_ratio for row in info.skill}
    samples = {row.symbol: row.samples for row in info.skill}
    rows = tuple(
        (
            symbol,
            f"{count:,}",
            *(f"{ratios[symbol, h]:.4f}" if (symbol, h) in ratios else NOTHING for h in horizons),
        )
        for symbol, count in samples.items()
    )
    return Table(("Symbol", "Samples", *(f"{h} ahead" for h in horizons)), rows)
