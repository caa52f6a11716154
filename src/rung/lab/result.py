"""What a backtest leaves: frames of what happened, figures about it, and a sentence that does not flatter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from rung.domain.verdicts import ViolationKind
from rung.strategy.parameters import Value

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures of one run; fractions are decimals, money is in the quote currency, None means "cannot be said".

    days : sessions with a daily return.   max_drawdown_frac : largest fall from a peak, on closes, in [0, 1].
    sharpe : mean ÷ deviation (n − 1) of daily returns × √periods; sharpe_error : its standard error.
    hold_return_frac : the symbols bought in equal parts at the first open and marked at the last close, costs in.
    before_costs_quote : what the same fills would have earned without any of the costs.
    funding_quote : paid less received, < 0 when more was received.   borrow_quote : loans of what was sold short.
    liquidation_fees_quote : the venue's, for closing what had no margin left; liquidations : how many positions.
    time_in_market_frac : share of slices with a position.   exposure_frac : mean over slices of gross notional ÷
    equity (of those where that is above zero), a short counted as a size; max_exposure_frac : the largest.
    turnover : traded value ÷ starting equity.
    refused_orders : opening orders a gate refused; refused : violations by kind, an order can have several.
    """

    start_equity_quote: Decimal
    end_equity_quote: Decimal
    total_return_frac: float
    hold_return_frac: float
    days: int
    max_drawdown_frac: float
    sharpe: float | None
    sharpe_error: float | None
    trades: int
    wins: int
    still_open: int
    mean_trade_frac: float | None
    profit_factor: float | None
    mean_bars_held: float | None
    fees_quote: Decimal
    slippage_quote: Decimal
    funding_quote: Decimal
    borrow_quote: Decimal
    liquidation_fees_quote: Decimal
    liquidations: int
    traded_quote: Decimal
    before_costs_quote: Decimal
    turnover: float
    time_in_market_frac: float
    exposure_frac: float
    max_exposure_frac: float
    slices: int
    sent_orders: int
    refused_orders: int
    refused: Mapping[str, int]

    @property
    def win_rate_frac(self) -> float | None:
        return self.wins / self.trades if self.trades else None

    @property
    def costs_quote(self) -> Decimal:
        """Everything trading and holding cost; funding received makes it less."""
        holding = self.funding_quote + self.borrow_quote + self.liquidation_fees_quote
        return self.fees_quote + self.slippage_quote + holding


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Everything needed to run the same again, and what to doubt about it.

    strategy_id, costs_id, limits_id : content hashes.   tape_ids, funding_ids : by symbol.   timeframe : of the bars
    seen.   costs : (name, value) as stamped.
    warnings : doubts about tapes and instruments.
    """

    strategy: str
    origin: str
    strategy_id: str
    parameters: Mapping[str, Value]
    symbols: tuple[str, ...]
    start: str
    end: str
    timeframe: str
    currency: str
    calendar: str
    costs_id: str
    limits_id: str
    costs: tuple[tuple[str, str], ...]
    tape_ids: Mapping[str, str]
    funding_ids: Mapping[str, str]
    synthetic: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BacktestResult:
    """One finished backtest.

    equity : at (UTC), equity, in_market, gross (notional); funding, borrow, liquidation_fees so far; a row per slice.
    trades : closed positions; `pnl` is net of every fee and charge in the row.   fills : executions.
    charges : funding, borrow and liquidation fees as they fell due; > 0 was paid.
    orders : every order of every decision with its verdict; `why` says what the gates said to a refused one.
    """

    identity: Identity
    figures: Figures
    equity: pl.DataFrame
    trades: pl.DataFrame
    fills: pl.DataFrame
    charges: pl.DataFrame
    orders: pl.DataFrame
    notes: tuple[str, ...]

    @property
    def honesty(self) -> str:
        """What may and what may not be believed, in one line."""
        return honest_words(self.figures, synthetic=self.identity.synthetic)


def honest_words(figures: Figures, *, synthetic: bool) -> str:
    """One line about luck, costs and evidence. Never better than the figures."""
    parts = ["an invented market is no evidence of anything"] if synthetic else []
    parts.append(_about_trading(figures))
    if figures.trades or figures.still_open:
        parts.append(_about_luck(figures))
        if figures.liquidations:
            parts.append(f"the venue closed {figures.liquidations} of its positions because their margin was gone")
        if ViolationKind.CIRCUIT_BREAKER in figures.refused:
            parts.append("it lost so much that the gates stopped it")
        if figures.total_return_frac <= figures.hold_return_frac:
            parts.append("buying and holding did no worse")
        parts.append("one run of one parameter set, chosen by you: not out of sample")
    return "; ".join(parts)


def _about_trading(figures: Figures) -> str:
    if not figures.sent_orders:
        return "it never wanted to trade"
    if not figures.trades and not figures.still_open:
        kinds = ", ".join(figures.refused) or "no fill"
        return f"it never traded: {figures.refused_orders} orders were refused ({kinds})"
    gross, net = figures.before_costs_quote, figures.end_equity_quote - figures.start_equity_quote
    if net > 0:
        return f"it earned after costs, from {figures.trades} closed trades"
    return "it lost before costs too" if gross <= 0 else "costs ate what it earned"


def _about_luck(figures: Figures) -> str:
    if figures.sharpe is None or figures.sharpe_error is None:
        return f"{figures.days} days are too few to tell skill from luck"
    distance = abs(figures.sharpe) / figures.sharpe_error if figures.sharpe_error > 0 else float("inf")
    shown = f"Sharpe {figures.sharpe:.1f} ± {figures.sharpe_error:.1f}"
    if distance < 2.0:
        return f"{shown} from {figures.days} days is not to be told from luck"
    return f"{shown} from {figures.days} days is {'worse' if figures.sharpe < 0 else 'better'} than luck alone explains"
