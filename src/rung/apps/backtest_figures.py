"""Every figure of a backtest with its words, or with the reason why it has no value. Nothing is computed here twice."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rung.lab.result import BacktestResult, Figures
from rung.lab.statistics.sharpe import MIN_DAYS
from rung.reports.sheet.content import Figure, Group, Kind
from rung.reports.words import plural

A_YEAR_OF_DAYS = 252
NO_DAY = "no day has a return"
NO_TRADE = "no trade was closed"


def figure_groups(result: BacktestResult) -> tuple[Group, ...]:
    """All figures, grouped as a sheet shows them."""
    figures, currency = result.figures, result.identity.currency
    return (
        Group(title="Return", figures=_returns(figures, currency)),
        Group(title="Trades", figures=_trades(figures)),
        Group(title="Costs", figures=_costs(figures, result.identity.costs)),
        Group(title="Risk", figures=_risk(figures)),
        Group(title="Activity", figures=_activity(figures)),
    )


def figure(key: str, label: str, value: Decimal | float | None, kind: Kind, *words: Any) -> Figure:
    """words : the remark, then why there is no value, used only if there is none."""
    remark, reason = (*words, "", "")[:2]
    return Figure(
        key=key, label=label, value=value, kind=kind, remark=remark, missing=(reason or NO_DAY) if value is None else ""
    )


def sharpe_figure(ratio: float | None, error: float | None, days: int) -> Figure:
    """Annual, with one standard error."""
    missing = "" if ratio is not None else too_few_words(days, MIN_DAYS) or "all days are alike"
    remark = f"of {days} daily returns, annualised, ± one standard error"
    return Figure(
        key="sharpe", label="Sharpe", value=ratio, kind=Kind.RATIO, remark=remark, error=error, missing=missing
    )


def too_few_words(days: int, needed: int) -> str:
    """Said when there are fewer days than needed; else nothing."""
    return f"needs {needed} days, has {days}" if days < needed else ""


def _returns(figures: Figures, currency: str) -> tuple[Figure, ...]:
    shown = figures.performance
    start, end = figures.start_equity_quote, figures.end_equity_quote
    short = "" if shown.days >= A_YEAR_OF_DAYS else f"; {plural(shown.days, 'day')} say nothing of a year"
    change = f"{start:,.2f} to {end:,.2f} {currency}"
    return (
        figure("total_return_frac", "Return", figures.total_return_frac, Kind.CHANGE, change),
        figure("hold_return_frac", "Buy and hold", figures.hold_return_frac, Kind.CHANGE,
               "the same symbols in equal parts, after the same costs"),
        figure("cagr_frac", "CAGR", shown.cagr_frac, Kind.CHANGE, f"growth per year{short}"),
        figure("start_equity_quote", "Start", start, Kind.MONEY, "equity before the first bar"),
        figure("end_equity_quote", "End", end, Kind.MONEY, "open positions marked at the last close"),
        figure("days", "Days", shown.days, Kind.COUNT, "sessions with a return"),
    )  # fmt: skip


def _risk(figures: Figures) -> tuple[Figure, ...]:
    shown = figures.performance
    days = plural(shown.days, "daily return")
    losing = NO_DAY if not shown.days else too_few_words(shown.days, 2) or "no day lost"
    return (
        sharpe_figure(figures.sharpe, figures.sharpe_error, shown.days),
        figure("sortino", "Sortino", shown.sortino, Kind.RATIO, f"of {days}, annualised", losing),
        figure("calmar", "Calmar", shown.calmar, Kind.RATIO, "CAGR ÷ worst fall of the days' ends",
               "equity never fell" if shown.days else NO_DAY),
        figure("volatility_annual_frac", "Volatility", shown.volatility_annual_frac, Kind.SHARE, "per year",
               too_few_words(shown.days, 2)),
        figure("max_drawdown_frac", "Max drawdown", -figures.max_drawdown_frac + 0.0, Kind.CHANGE,
               "on the closes of all bars, from the highest equity before"),
        figure("longest_drawdown_days", "Longest drawdown", shown.longest_drawdown_days, Kind.COUNT,
               "days in a row below a peak"),
        figure("value_at_risk_frac", "VaR 95%", shown.value_at_risk_frac, Kind.SHARE,
               f"the loss one day in twenty exceeds; {days}"),
        figure("expected_shortfall_frac", "ES 95%", shown.expected_shortfall_frac, Kind.SHARE,
               "mean loss of the worst days in twenty"),
        figure("tail_ratio", "Tail ratio", shown.tail_ratio, Kind.RATIO, "95th percentile of days ÷ 5th",
               "all days are alike, or nothing in the lower tail" if shown.days else NO_DAY),
    )  # fmt: skip


def _costs(figures: Figures, assumed: Sequence[tuple[str, str]]) -> tuple[Figure, ...]:
    start = figures.start_equity_quote
    said = dict(assumed)
    funding, paid = said.get("funding", "not charged"), figures.costs_quote
    closed = plural(figures.liquidations, "position")
    return (
        figure("before_costs_quote", "Before costs", figures.before_costs_quote, Kind.GAIN,
               "what the same fills would have earned for nothing"),
        figure("fees_quote", "Fees", figures.fees_quote, Kind.MONEY, f"{figures.fees_quote / start:.1%} of capital"),
        figure("slippage_quote", "Slippage", figures.slippage_quote, Kind.MONEY, "half-spread included"),
        figure("funding_quote", "Funding", figures.funding_quote, Kind.MONEY, "paid less received", funding),
        figure("borrow_quote", "Borrow", figures.borrow_quote, Kind.MONEY, "loans of what was sold short",
               "not charged"),
        figure("liquidation_fees_quote", "Liquidation fees", figures.liquidation_fees_quote, Kind.MONEY,
               f"the venue closed {closed}: no margin was left" if figures.liquidations else "nothing was liquidated",
               "nothing is held on margin"),
        figure("costs_quote", "Costs paid", paid, Kind.MONEY, f"{paid / start:.1%} of the capital"),
        figure("net_quote", "After costs", figures.end_equity_quote - start, Kind.GAIN, "end less start"),
        figure("traded_quote", "Value traded", figures.traded_quote, Kind.MONEY, "both sides"),
    )  # fmt: skip


def _trades(figures: Figures) -> tuple[Figure, ...]:
    closed, still = figures.closed, figures.still_open
    likely = closed.win_rate_interval
    rate = "after costs" if likely is None else f"after costs; 95%: {likely.low:.0%} to {likely.high:.0%}"
    opened = "closed" if not still else f"closed; {still} more still open, marked at the last close"
    no_loser = "no trade lost" if closed.count else NO_TRADE
    return (
        figure("trades", "Trades", closed.count, Kind.COUNT, opened),
        figure("win_rate_frac", "Win rate", closed.win_rate_frac, Kind.SHARE, rate, NO_TRADE),
        figure("profit_factor", "Profit factor", closed.profit_factor, Kind.RATIO, "won by winners ÷ lost by losers",
               no_loser),
        figure("expectancy_quote", "Expectancy", closed.expectancy, Kind.GAIN, "mean result of a trade, after costs",
               NO_TRADE),
        figure("mean_trade_frac", "Mean trade", figures.mean_trade_frac, Kind.SMALL_SHARE,
               "of the value put in, after costs", NO_TRADE),
        figure("mean_bars_held", "Mean hold", figures.mean_bars_held, Kind.BARS, "bars", NO_TRADE),
        figure("still_open", "Still open", still, Kind.COUNT, "positions at the end"),
    )  # fmt: skip


def _activity(figures: Figures) -> tuple[Figure, ...]:
    broke = "equity was not above zero all the time"
    return (
        figure("exposure_mean_frac", "Exposure", figures.exposure_mean_frac, Kind.SHARE,
               "gross position ÷ equity, mean of all bars", broke),
        figure("max_exposure_frac", "Largest exposure", figures.max_exposure_frac, Kind.SHARE,
               "gross position ÷ equity", broke),
        figure("time_in_market_frac", "In the market", figures.time_in_market_frac, Kind.SHARE, "of the bars"),
        figure("turnover_per_day", "Turnover per day", figures.turnover_per_day, Kind.RATIO,
               "times the day's first equity, both sides", broke),
        figure("turnover", "Turnover", figures.turnover, Kind.BARS, "times the capital, whole run"),
        figure("slices", "Bars", figures.slices, Kind.COUNT, "instants at which something closed"),
        figure("sent_orders", "Orders", figures.sent_orders, Kind.COUNT, "wanted by the strategy"),
        figure("refused_orders", "Refused", figures.refused_orders, Kind.COUNT, f"of {figures.sent_orders:,} orders"),
    )  # fmt: skip
