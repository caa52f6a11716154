"""What `rung backtest` says on the screen: the figures most looked at, and what must be known to read them."""

from __future__ import annotations

from rung.apps.backtest_figures import figure_groups
from rung.apps.cli.output import console, print_table, print_words
from rung.lab.result import BacktestResult
from rung.reports.sheet.content import Figure

MOST_WARNINGS = 5
SHOWN = (
    "total_return_frac", "hold_return_frac", "before_costs_quote", "fees_quote", "slippage_quote", "funding_quote",
    "borrow_quote", "liquidation_fees_quote", "sharpe", "sortino", "max_drawdown_frac", "trades", "win_rate_frac",
    "mean_trade_frac", "profit_factor", "mean_bars_held", "exposure_mean_frac", "max_exposure_frac",
    "time_in_market_frac", "turnover",
)  # fmt: skip
"""Of the figures of the sheet, those of the table on the screen, in its order."""
HOLDING = ("funding_quote", "borrow_quote", "liquidation_fees_quote")


def print_result(result: BacktestResult) -> None:
    """The figures as a table, then what must be known to read them."""
    identity, figures = result.identity, result.figures
    symbols = " ".join(identity.symbols)
    title = f"{identity.named} on {symbols}, {identity.start} to {identity.end}, bars of {identity.timeframe}"
    print_table(title, ("figure", "value", ""), rows(result))
    if identity.parameters:
        print_words("parameters", ", ".join(f"{name}={value}" for name, value in identity.parameters.items()))
    print_words("costs", "; ".join(f"{name} {value}" for name, value in identity.costs))
    if figures.refused:
        kinds = ", ".join(f"{kind} {count}" for kind, count in figures.refused.items())
        print_words(
            "refused", f"{figures.refused_orders} of {figures.sent_orders} orders: {kinds}{first_refusal(result)}"
        )
    if result.advice:
        print_words("remedy", result.advice)
    for warning in identity.warnings[:MOST_WARNINGS]:
        print_words("doubt", warning)
    if len(identity.warnings) > MOST_WARNINGS:
        print_words("doubt", f"and {len(identity.warnings) - MOST_WARNINGS} more")
    console().print()
    print_words("", f"Honestly: {result.honesty}.")


def first_refusal(result: BacktestResult) -> str:
    """What the gates said to the first order they refused; nothing where the advice says it."""
    said = result.orders.filter(~result.orders["approved"])["why"]
    return "" if result.advice or not len(said) else f"; the first: {said[0]}"


def rows(result: BacktestResult) -> list[tuple[str, str, str]]:
    """(name, value, remark or why there is no value) of everything worth a line on the screen."""
    figures = {figure.key: figure for group in figure_groups(result) for figure in group.figures}
    return [(figures[key].label, figures[key].text, figures[key].aside) for key in SHOWN if _tells(figures[key])]


def _tells(figure: Figure) -> bool:
    """What holding cost is shown only where it cost, or brought, something."""
    return figure.key not in HOLDING or bool(figure.value)
