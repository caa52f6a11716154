"""RunRecord → figures: plain arithmetic over what was recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np

from rung.kernels.statistics.growth import mean_return_per_day, worst_fall
from rung.kernels.statistics.intervals import wilson
from rung.ledger.holding import ZERO
from rung.reports.baselines import buy_and_hold, shuffled
from rung.reports.figures import Beliefs, Costs, DayFigures, Returns, RunMetrics, SymbolFigures, Trading
from rung.reports.info import Baseline
from rung.reports.legs import ClosedTrade, Leg
from rung.reports.record import DayRecord, Floats, RunRecord
from rung.reports.statistics import mrd_interval

EVOLUTION_BARS = 30


def measure(record: RunRecord, baselines: Sequence[Baseline], chance: np.random.Generator) -> RunMetrics:
    """All figures of a run of at least one session. `chance` drives the bootstrap only."""
    if not record.days:
        raise ValueError("a run without a session has no figures")
    days = tuple(day_figures(day) for day in record.days)
    returns = _returns(record, days, chance)
    costs = _costs(record)
    held = buy_and_hold(record, costs.frac_of_traded)
    return RunMetrics(
        days=days,
        symbols=_symbols(record, {} if held is None else held.symbols_frac),
        returns=returns,
        trading=_trading(record, days),
        costs=costs,
        beliefs=_beliefs(record),
        refused_orders=sum(day.refused_orders for day in record.days),
        refused=_refused(record),
        buy_and_hold=held,
        shuffled=tuple(shuffled(b, returns.total_frac) for b in baselines if b.total_returns_frac),
    )


def day_figures(day: DayRecord) -> DayFigures:
    """The figures of one session."""
    start = day.start_equity_quote
    wins = sum(t.pnl_quote > 0 for t in day.trades)
    traded = _total(leg.value_quote for leg in day.legs)
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
        fees_quote=_total(leg.fee_quote for leg in day.legs),
        slippage_quote=_total(leg.slippage_quote for leg in day.legs),
        exposure_mean_frac=float(day.exposure_frac.mean()),
        exposure_max_frac=float(day.exposure_frac.max()),
        refused_orders=day.refused_orders,
        notes=day.notes,
    )


def _returns(record: RunRecord, days: Sequence[DayFigures], chance: np.random.Generator) -> Returns:
    start = days[0].start_equity_quote
    daily = np.array([d.return_frac for d in days])
    mrd = mean_return_per_day(daily)
    equity = np.concatenate([d.equity_quote for d in record.days])
    return Returns(
        start_equity_quote=start,
        end_equity_quote=days[-1].end_equity_quote,
        total_frac=mrd * len(days),
        mrd_frac=mrd,
        mrd_interval=mrd_interval(daily, chance),
        max_intraday_drawdown_frac=max(d.max_drawdown_frac for d in days),
        max_drawdown_frac=worst_fall(equity, float(start)),
        best_day_frac=float(daily.max()),
        worst_day_frac=float(daily.min()),
    )


def _trading(record: RunRecord, days: Sequence[DayFigures]) -> Trading:
    trades = [t for day in record.days for t in day.trades]
    wins = sum(d.wins for d in days)
    exposure = np.concatenate([d.exposure_frac for d in record.days])
    return Trading(
        trades=len(trades),
        wins=wins,
        win_rate_frac=_ratio(wins, len(trades)),
        win_rate_interval=wilson(wins, len(trades)),
        trades_per_day=len(trades) / len(days),
        fills=sum(d.fills for d in days),
        mean_bars_held=_mean([t.bars_held for t in trades]),
        profit_factor=_profit_factor(trades),
        turnover_per_day=sum(d.turnover for d in days) / len(days),
        exposure_mean_frac=float(exposure.mean()),
        exposure_max_frac=float(exposure.max()),
    )


def _costs(record: RunRecord) -> Costs:
    legs = [leg for day in record.days for leg in day.legs]
    start, net = record.days[0].start_equity_quote, _net(record)
    fees, slippage = _total(leg.fee_quote for leg in legs), _total(leg.slippage_quote for leg in legs)
    traded, total = _total(leg.value_quote for leg in legs), fees + slippage
    gross = net + total
    return Costs(
        fees_quote=fees,
        slippage_quote=slippage,
        total_quote=total,
        traded_quote=traded,
        gross_quote=gross,
        net_quote=net,
        frac_of_equity=float(total / start) if start > 0 else 0.0,
        frac_of_traded=float(total / traded) if traded > 0 else None,
        frac_of_gross=float(total / gross) if gross > 0 else None,
    )


def _net(record: RunRecord) -> Decimal:
    """The change of equity, session by session: a gap between two runs' capitals is nobody's profit."""
    return _total(day.end_equity_quote - day.start_equity_quote for day in record.days)


def _beliefs(record: RunRecord) -> Beliefs:
    confidence = _joined([d.confidence_mean for d in record.days])
    strongest = _joined([d.strength_max for d in record.days])
    return Beliefs(
        confidence_start=_mean(confidence[:EVOLUTION_BARS]),
        confidence_end=_mean(confidence[-EVOLUTION_BARS:]),
        strength_mean=_mean(_joined([d.strength_mean for d in record.days])),
        strength_max=float(strongest.max()) if len(strongest) else None,
    )


def _symbols(record: RunRecord, held: Mapping[str, float]) -> tuple[SymbolFigures, ...]:
    """Best first; every symbol that traded or could be held."""
    legs = [leg for day in record.days for leg in day.legs]
    trades = [t for day in record.days for t in day.trades]
    start = record.days[0].start_equity_quote
    rows = [
        _symbol(
            symbol,
            [leg for leg in legs if leg.symbol == symbol],
            [t for t in trades if t.symbol == symbol],
            start,
            held.get(symbol),
        )
        for symbol in sorted({leg.symbol for leg in legs} | set(held))
    ]
    return tuple(sorted(rows, key=lambda row: (-row.pnl_quote, row.symbol)))


def _symbol(
    symbol: str, legs: Sequence[Leg], trades: Sequence[ClosedTrade], start: Decimal, hold_frac: float | None
) -> SymbolFigures:
    wins = sum(t.pnl_quote > 0 for t in trades)
    pnl = _total(leg.pnl_quote for leg in legs if leg.pnl_quote is not None)
    return SymbolFigures(
        symbol=symbol,
        trades=len(trades),
        wins=wins,
        win_rate_frac=_ratio(wins, len(trades)),
        pnl_quote=pnl,
        return_frac=float(pnl / start) if start > 0 else 0.0,
        fees_quote=_total(leg.fee_quote for leg in legs),
        slippage_quote=_total(leg.slippage_quote for leg in legs),
        traded_quote=_total(leg.value_quote for leg in legs),
        mean_bars_held=_mean([t.bars_held for t in trades]),
        hold_return_frac=hold_frac,
    )


def _profit_factor(trades: Sequence[ClosedTrade]) -> float | None:
    """What the winners won ÷ what the losers lost, after costs; None without a loser."""
    won = _total(t.pnl_quote for t in trades if t.pnl_quote > 0)
    lost = _total(-t.pnl_quote for t in trades if t.pnl_quote < 0)
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


def _joined(parts: Sequence[Floats]) -> Floats:
    """One row without the slices that had no signal."""
    row = np.concatenate(parts)
    return row[~np.isnan(row)]


def _total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
