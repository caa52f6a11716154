"""What a report says of a run, as plain values. Money is exact; ratios are floats; None means "cannot be computed"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from rung.kernels.statistics.intervals import Interval


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
class Returns:
    """What the capital did. mrd : total return ÷ days. Drawdowns are fractions of the peak, closes of slices only."""

    start_equity_quote: Decimal
    end_equity_quote: Decimal
    total_frac: float
    mrd_frac: float
    mrd_interval: Interval | None
    max_intraday_drawdown_frac: float
    max_drawdown_frac: float
    best_day_frac: float
    worst_day_frac: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trading:
    """What was done. A trade is a position from flat to flat; it wins when it earned more than its costs.

    profit_factor : won ÷ lost after costs, None without a loser.   turnover_per_day : traded value ÷ start equity.
    """

    trades: int
    wins: int
    win_rate_frac: float | None
    win_rate_interval: Interval | None
    trades_per_day: float
    fills: int
    mean_bars_held: float | None
    profit_factor: float | None
    turnover_per_day: float
    exposure_mean_frac: float
    exposure_max_frac: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What trading cost. gross_quote : the change of equity before fees and slippage; net_quote : after.

    frac_of_traded : average cost of one side.   frac_of_gross : None when there was no gross profit to eat from.
    """

    fees_quote: Decimal
    slippage_quote: Decimal
    total_quote: Decimal
    traded_quote: Decimal
    gross_quote: Decimal
    net_quote: Decimal
    frac_of_equity: float
    frac_of_traded: float | None
    frac_of_gross: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Beliefs:
    """How sure the strategy was. Start and end are means over the first and last 30 slices that had a signal."""

    confidence_start: float | None
    confidence_end: float | None
    strength_mean: float | None
    strength_max: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyAndHold:
    """Bought at the first session's first open, sold at the last session's last close, nights included.

    cost_frac : charged once on each side, the run's own average cost; None when the run never traded (then no cost is
    charged, and the report says so).   equal_weight_frac : the mean over the symbols.
    """

    symbols_frac: Mapping[str, float]
    equal_weight_frac: float
    cost_frac: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shuffled:
    """The run among its own shuffles.

    beaten : how many of them it beats.   chance_frac : (1 + not beaten) ÷ (1 + all), how often luck alone does as well.
    """

    name: str
    repetitions: int
    beaten: int
    chance_frac: float
    median_frac: float
    best_frac: float
    total_returns_frac: tuple[float, ...]
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMetrics:
    """Everything a report says about a run, computed once. refused : violations by kind, most frequent first."""

    days: tuple[DayFigures, ...]
    symbols: tuple[SymbolFigures, ...]
    returns: Returns
    trading: Trading
    costs: Costs
    beliefs: Beliefs
    refused_orders: int
    refused: Mapping[str, int]
    buy_and_hold: BuyAndHold | None
    shuffled: tuple[Shuffled, ...]
