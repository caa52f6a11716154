"""What `rung backtest` says: a table for people, a summary for programs."""

from __future__ import annotations

import dataclasses

from rung.apps.cli.output import console, jsonable, print_table
from rung.lab.result import BacktestResult, Figures

NOTHING = "-"
MOST_WARNINGS = 5


def print_result(result: BacktestResult) -> None:
    """The figures as a table, then what must be known to read them."""
    identity, figures = result.identity, result.figures
    symbols = " ".join(identity.symbols)
    title = f"{identity.strategy} on {symbols}, {identity.start} to {identity.end}, bars of {identity.timeframe}"
    print_table(title, ("figure", "value", ""), rows(result))
    out = console()
    if identity.parameters:
        out.print("parameters  " + ", ".join(f"{name}={value}" for name, value in identity.parameters.items()))
    out.print("costs       " + "; ".join(f"{name} {value}" for name, value in identity.costs))
    if figures.refused:
        kinds = ", ".join(f"{kind} {count}" for kind, count in figures.refused.items())
        out.print(f"refused     {figures.refused_orders} of {figures.sent_orders} orders: {kinds}")
    for warning in identity.warnings[:MOST_WARNINGS]:
        out.print(f"doubt       {warning}")
    if len(identity.warnings) > MOST_WARNINGS:
        out.print(f"doubt       and {len(identity.warnings) - MOST_WARNINGS} more")
    out.print(f"\nHonestly: {result.honesty}.")


def rows(result: BacktestResult) -> list[tuple[str, str, str]]:
    """(name, value, remark) of everything worth a line."""
    figures, currency = result.figures, result.identity.currency
    start, end = figures.start_equity_quote, figures.end_equity_quote
    return [
        ("Return", percent(figures.total_return_frac), f"{start:,.2f} to {end:,.2f} {currency}"),
        ("Buy and hold", percent(figures.hold_return_frac), "the same symbols in equal parts, after the same costs"),
        ("Before costs", f"{figures.before_costs_quote:+,.2f}", "what the same fills would have earned for nothing"),
        (
            "Fees",
            f"{-figures.fees_quote:+,.2f}",
            f"{float(figures.fees_quote / start):.1%} of the capital",
        ),
        ("Slippage", f"{-figures.slippage_quote:+,.2f}", "half-spread included"),
        *_holding(figures),
        ("Sharpe", _sharpe(figures), f"of {figures.days} daily returns, annualised, ± one standard error"),
        ("Max drawdown", percent(-figures.max_drawdown_frac), "on closes, from the highest equity before"),
        ("Trades", f"{figures.trades:,}", _open_words(figures)),
        ("Win rate", percent(figures.win_rate_frac, signed=False), "after costs"),
        ("Mean trade", percent(figures.mean_trade_frac, places=3), "of the value put in, after costs"),
        ("Profit factor", _number(figures.profit_factor), "won by winners ÷ lost by losers"),
        ("Mean hold", _number(figures.mean_bars_held, 1), "bars"),
        ("In the market", percent(figures.time_in_market_frac, 0, signed=False), "of the time"),
        (
            "Exposure",
            f"{figures.exposure_frac:.2f}",
            f"times the equity; at most {figures.max_exposure_frac:.2f}",
        ),
        ("Turnover", f"{figures.turnover:,.1f}", "times the capital"),
    ]


def _holding(figures: Figures) -> list[tuple[str, str, str]]:
    """What positions paid and were paid while they were held; only what there was."""
    found = []
    if figures.funding_quote:
        said = "paid less received" if figures.funding_quote > 0 else "received less paid"
        found.append(("Funding", f"{-figures.funding_quote:+,.2f}", said))
    if figures.borrow_quote:
        found.append(("Borrow", f"{-figures.borrow_quote:+,.2f}", "loans of what was sold short"))
    if figures.liquidations:
        count = figures.liquidations
        said = f"{count} position{'s' * (count > 1)} closed by the venue: no margin was left"
        found.append(("Liquidation fees", f"{-figures.liquidation_fees_quote:+,.2f}", said))
    return found


def summary(result: BacktestResult) -> object:
    """Identity, figures and the honest line in the words of JSON."""
    figures = dataclasses.asdict(result.figures)
    figures |= {"win_rate_frac": result.figures.win_rate_frac, "costs_quote": result.figures.costs_quote}
    return jsonable(
        {
            "identity": result.identity,
            "figures": figures,
            "honesty": result.honesty,
            "notes": len(result.notes),
        }
    )


def percent(value: float | None, places: int = 2, *, signed: bool = True) -> str:
    """A fraction as per cent; a dash for None."""
    if value is None:
        return NOTHING
    return f"{value * 100:+,.{places}f}%" if signed else f"{value * 100:,.{places}f}%"


def _number(value: float | None, places: int = 2) -> str:
    return NOTHING if value is None else f"{value:,.{places}f}"


def _sharpe(figures: Figures) -> str:
    if figures.sharpe is None or figures.sharpe_error is None:
        return NOTHING
    return f"{figures.sharpe:.2f} ± {figures.sharpe_error:.2f}"


def _open_words(figures: Figures) -> str:
    still = figures.still_open
    return "closed" if not still else f"closed; {still} more still open, marked at the last close"
