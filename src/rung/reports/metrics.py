"""RunRecord → figures. Money stays exact; ratios are floats; what cannot be computed is None, never zero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from rung.reports.baselines import BuyAndHold, Shuffled, buy_and_hold, shuffled
from rung.reports.info import RunInfo
from rung.reports.legs import ZERO, ClosedTrade, Leg
from rung.reports.record import DayRecord, Floats, RunRecord
from rung.reports.statistics import Interval, mean_return_per_day, mrd_interval, wilson, worst_fall

EVOLUTION_BARS = 30
"""Confidence at the start and the end of a run is the mean over this many slices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What trading cost. gross : the change of equity before fees and slippage."""

    fees_quote: Decimal
    slippage_quote: Decimal
    traded_quote: Decimal
    gross_quote: Decimal
    net_quote: Decimal

    @property
    def total_quote(self) -> Decimal:
        return self.fees_quote + self.slippage_quote

    @property
    def frac_of_traded(self) -> float | None:
        """Average cost of one side, as a fraction of the value traded."""
        return float(self.total_quote / self.traded_quote) if self.traded_quote > 0 else None

    @property
    def frac_of_gross(self) -> float | None:
        """Share of the gross profit that costs ate; None when there was no gross profit."""
        return float(self.total_quote / self.gross_quote) if self.gross_quote > 0 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFigures:
    """One session in one line. Drawdown is within the session; turnover is traded value ÷ start equity."""

    date: str
    start_equity_quote: Decimal
    end_equity_quote: Decimal
    return_frac: float
    trades: int
    wins: int
    win_rate_frac: float | None
    fills: int
    max_drawdown_frac: float
    turnover: float
    fees_quote: Decimal
    slippage_quote: Decimal
    exposure_mean_frac: float
    exposure_max_frac: float
    refused_orders: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolFigures:
    """One symbol over the run. return_frac : its realised P&L ÷ the run's start equity."""

    symbol: str
    trades: int
    wins: int
    win_rate_frac: float | None
    pnl_quote: Decimal
    return_frac: float
    fees_quote: Decimal
    slippage_quote: Decimal
    traded_quote: Decimal
    mean_bars_held: float | None
    hold_return_frac: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMetrics:
    """Everything a report says about a run, computed once."""

    days: tuple[DayFigures, ...]
    symbols: tuple[SymbolFigures, ...]
    start_equity_quote: Decimal
    end_equity_quote: Decimal
    total_return_frac: float
    mrd_frac: float
    mrd_interval: Interval | None
    trades: int
    wins: int
    win_rate_frac: float | None
    win_rate_interval: Interval | None
    trades_per_day: float
    fills: int
    mean_bars_held: float | None
    profit_factor: float | None
    max_intraday_drawdown_frac: float
    max_drawdown_frac: float
    turnover_per_day: float
    costs: Costs
    costs_frac_of_equity: float
    exposure_mean_frac: float
    exposure_max_frac: float
    refused_orders: int
    refused: Mapping[str, int]
    confidence_start: float | None
    confidence_end: float | None
    strength_mean: float | None
    strength_max: float | None
    buy_and_hold: BuyAndHold | None
    shuffled: tuple[Shuffled, ...] = field(default=())


def measure(record: RunRecord, info: RunInfo, chance: np.random.Generator) -> RunMetrics:
    """All figures of a run of at least one session. `chance` drives the bootstrap only."""
    if not record.days:
        raise ValueError("a run without a session has no figures")
    days = tuple(day_figures(day) for day in record.days)
    trades = [t for day in record.days for t in day.trades]
    legs = [leg for day in record.days for leg in day.legs]
    start, end = days[0].start_equity_quote, days[-1].end_equity_quote
    costs = _costs(legs, end - start)
    returns = np.array([d.return_frac for d in days])
    wins = sum(d.wins for d in days)
    mrd = mean_return_per_day(returns)
    held = buy_and_hold(record, costs.frac_of_traded)
    exposure = np.concatenate([d.exposure_frac for d in record.days])
    confidence = _joined([d.confidence_mean for d in record.days])
    return RunMetrics(
        days=days,
        symbols=_symbols(legs, trades, start, {} if held is None else held.symbols_frac),
        start_equity_quote=start,
        end_equity_quote=end,
        total_return_frac=mrd * len(days),
        mrd_frac=mrd,
        mrd_interval=mrd_interval(returns, chance),
        trades=len(trades),
        wins=wins,
        win_rate_frac=_ratio(wins, len(trades)),
        win_rate_interval=wilson(wins, len(trades)),
        trades_per_day=len(trades) / len(days),
        fills=len(legs),
        mean_bars_held=_mean([t.bars_held for t in trades]),
        profit_factor=_profit_factor(trades),
        max_intraday_drawdown_frac=max(d.max_drawdown_frac for d in days),
        max_drawdown_frac=worst_fall(np.concatenate([d.equity_quote for d in record.days]), float(start)),
        turnover_per_day=sum(d.turnover for d in days) / len(days),
        costs=costs,
        costs_frac_of_equity=float(costs.total_quote / start) if start > 0 else 0.0,
        exposure_mean_frac=float(exposure.mean()),
        exposure_max_frac=float(exposure.max()),
        refused_orders=sum(d.refused_orders for d in record.days),
        refused=_refused(record),
        confidence_start=_mean(confidence[:EVOLUTION_BARS]),
        confidence_end=_mean(confidence[-EVOLUTION_BARS:]),
        strength_mean=_mean(_joined([d.strength_mean for d in record.days])),
        strength_max=_top(_joined([d.strength_max for d in record.days])),
        buy_and_hold=held,
        shuffled=tuple(shuffled(b, mrd * len(days)) for b in info.baselines if b.total_returns_frac),
    )


def day_figures(day: DayRecord) -> DayFigures:
    """The figures of one session."""
    start = day.start_equity_quote
    wins = sum(t.pnl_quote > 0 for t in day.trades)
    traded = sum((leg.value_quote for leg in day.legs), ZERO)
    return DayFigures(
        date=day.date,
        start_equity_quote=start,
        end_equity_quote=day.end_equity_quote,
        return_frac=float(day.end_equity_quote / start - 1) if start > 0 else 0.0,
        trades=len(day.trades),
        wins=wins,
        win_rate_frac=_ratio(wins, len(day.trades)),
        fills=len(day.legs),
        max_drawdown_frac=worst_fall(day.equity_quote, float(start)),
        turnover=float(traded / start) if start > 0 else 0.0,
        fees_quote=sum((leg.fee_quote for leg in day.legs), ZERO),
        slippage_quote=sum((leg.slippage_quote for leg in day.legs), ZERO),
        exposure_mean_frac=float(day.exposure_frac.mean()),
        exposure_max_frac=float(day.exposure_frac.max()),
        refused_orders=day.refused_orders,
        notes=day.notes,
    )


def _costs(legs: Sequence[Leg], net: Decimal) -> Costs:
    fees = sum((leg.fee_quote for leg in legs), ZERO)
    slippage = sum((leg.slippage_quote for leg in legs), ZERO)
    traded = sum((leg.value_quote for leg in legs), ZERO)
    return Costs(
        fees_quote=fees,
        slippage_quote=slippage,
        traded_quote=traded,
        gross_quote=net + fees + slippage,
        net_quote=net,
    )


def _symbols(
    legs: Sequence[Leg], trades: Sequence[ClosedTrade], start: Decimal, held: Mapping[str, float]
) -> tuple[SymbolFigures, ...]:
    """Best first; every symbol that traded or could be held."""
    rows = []
    for symbol in sorted({leg.symbol for leg in legs} | set(held)):
        own = [leg for leg in legs if leg.symbol == symbol]
        closed = [t for t in trades if t.symbol == symbol]
        wins = sum(t.pnl_quote > 0 for t in closed)
        pnl = sum((leg.pnl_quote for leg in own if leg.pnl_quote is not None), ZERO)
        rows.append(
            SymbolFigures(
                symbol=symbol,
                trades=len(closed),
                wins=wins,
                win_rate_frac=_ratio(wins, len(closed)),
                pnl_quote=pnl,
                return_frac=float(pnl / start) if start > 0 else 0.0,
                fees_quote=sum((leg.fee_quote for leg in own), ZERO),
                slippage_quote=sum((leg.slippage_quote for leg in own), ZERO),
                traded_quote=sum((leg.value_quote for leg in own), ZERO),
                mean_bars_held=_mean([t.bars_held for t in closed]),
                hold_return_frac=held.get(symbol),
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.pnl_quote, row.symbol)))


def _profit_factor(trades: Sequence[ClosedTrade]) -> float | None:
    """What the winners won ÷ what the losers lost, after costs; None without a loser."""
    won = sum((t.pnl_quote for t in trades if t.pnl_quote > 0), ZERO)
    lost = sum((-t.pnl_quote for t in trades if t.pnl_quote < 0), ZERO)
    return float(won / lost) if lost > 0 else None


def _refused(record: RunRecord) -> dict[str, int]:
    """Violations by kind, most frequent first."""
    total: Counter[str] = Counter()
    for day in record.days:
        total.update(day.refused)
    return dict(sorted(total.items(), key=lambda item: (-item[1], item[0])))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _mean(values: Sequence[float] | Floats) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _top(values: Floats) -> float | None:
    return float(values.max()) if len(values) else None


def _joined(parts: Sequence[Floats]) -> Floats:
    """One row without the slices that had no signal."""
    row = np.concatenate(parts)
    return row[~np.isnan(row)]
