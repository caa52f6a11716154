"""`analysis_report.txt`: the layout of the source document, and what an honest reader also needs before the verdict."""

from __future__ import annotations

from textwrap import wrap

from rung.reports.figures import RunMetrics
from rung.reports.info import RunInfo
from rung.reports.judgement import Check, Judgement
from rung.reports.tables import Table, day_table, skill_table, symbol_table
from rung.reports.words import NOTHING, money, number, percent, plural, span

RULE = "=" * 46
WIDTH = 100
SYNTHETIC = "*** SYNTHETIC DATA - an invented market. Nothing below is evidence of anything. ***"


def render_text(metrics: RunMetrics, judgement: Judgement, info: RunInfo) -> str:
    """The whole report, ending with a newline."""
    sections = (
        _head(metrics, info),
        _performance(metrics, judgement),
        _top(metrics),
        _learning(metrics),
        _symbols(metrics),
        _costs(metrics, info),
        _refused(metrics),
        _comparison(metrics),
        _skill(info),
        _days(metrics),
        _warnings(metrics, info),
        [SYNTHETIC] if info.synthetic else [],
        [f"VERDICT: {judgement.line}"],
    )
    return "\n\n".join("\n".join(lines) for lines in sections if lines) + "\n"


def _head(metrics: RunMetrics, info: RunInfo) -> list[str]:
    lines = [RULE, " TRADING SESSION ANALYSIS REPORT", RULE]
    if info.synthetic:
        lines.append(SYNTHETIC)
    return [
        *lines,
        f"Date: {span(tuple(d.date for d in metrics.days))}",
        f"Strategy: {info.strategy}",
        f"Instruments: {', '.join(info.symbols)}",
        f"Capital: {money(info.capital_quote)} {info.currency}",
        f"Run: {info.mode}, config {info.config_id}, code {info.code_version}, seed {info.seed}",
    ]


def _row(label: str, value: str, remark: str = "") -> str:
    return f"  {label + ':':<19} {value:<19} {remark}".rstrip()


def _checked(check: Check, remark: str = "") -> str:
    return _row(check.label, check.value, f"{check.mark} {check.words}{remark}")


def _performance(metrics: RunMetrics, judgement: Judgement) -> list[str]:
    returns, trading = metrics.returns, metrics.trading
    bounds = trading.win_rate_interval
    likely = (
        f" (95%: {percent(bounds.low, 1, signed=False)} to {percent(bounds.high, 1, signed=False)})" if bounds else ""
    )
    return [
        "Performance Metrics:",
        _checked(judgement.check("mrd")),
        _checked(judgement.check("mrd_interval")),
        _row("Total Return", percent(returns.total_frac)),
        _checked(judgement.check("win_rate"), likely),
        _checked(judgement.check("trades"), f": {number(trading.trades_per_day, 1)}"),
        _checked(judgement.check("drawdown"), ", worst within a session"),
        _checked(judgement.check("days")),
        _row("Run Drawdown", percent(-returns.max_drawdown_frac)),
        _row("Best, Worst Day", f"{percent(returns.best_day_frac)}, {percent(returns.worst_day_frac)}"),
        _row("Profit Factor", number(trading.profit_factor)),
        _row("Mean Hold", NOTHING if trading.mean_bars_held is None else f"{trading.mean_bars_held:.1f} bars"),
        _row("Turnover", f"{number(trading.turnover_per_day, 1)} x equity per day"),
        _row(
            "Exposure",
            f"{percent(trading.exposure_mean_frac, 0, signed=False)} of equity on average, "
            f"at most {percent(trading.exposure_max_frac, 0, signed=False)}",
        ),
    ]


def _top(metrics: RunMetrics) -> list[str]:
    """The instrument that earned most; when none earned anything, it says so."""
    traded = [s for s in metrics.symbols if s.trades]
    if not traded:
        return ["Top Performing Instrument:", "  none: no trade was closed"]
    best = traded[0]
    line = (
        f"  {best.symbol}: {percent(best.return_frac)} ({plural(best.trades, 'trade')},"
        f" {percent(best.win_rate_frac, 0, signed=False)} win rate)"
    )
    return ["Top Performing Instrument:", line + ("" if best.pnl_quote > 0 else " - none earned anything")]


def _learning(metrics: RunMetrics) -> list[str]:
    beliefs = metrics.beliefs
    start, end = beliefs.confidence_start, beliefs.confidence_end
    if start is None or end is None:
        return ["Confidence Evolution:", "  no signals were recorded"]
    course = "Rising" if end > start else "Not rising"
    lines = [
        "Confidence Evolution:",
        _row("Start", f"{start:.2f} ({start:.0%})"),
        _row("End", f"{end:.2f} ({end:.0%})", f"{course} (the skill table says whether rightly)"),
        "",
        "Signal Strength:",
    ]
    if beliefs.strength_mean is None or beliefs.strength_max is None:
        return [*lines, "  no signal was strong enough to be ranked"]
    return [
        *lines,
        _row("Average", f"{beliefs.strength_mean:.2f}", "of ranked signals; the source aims at 0.30-0.70"),
        _row("Max", f"{beliefs.strength_max:.2f}"),
    ]


def _symbols(metrics: RunMetrics) -> list[str]:
    return ["Instruments:", *_table(symbol_table(metrics))]


def _costs(metrics: RunMetrics, info: RunInfo) -> list[str]:
    costs = metrics.costs
    per_side = NOTHING if costs.frac_of_traded is None else f"{costs.frac_of_traded * 1e4:.2f} bps per side"
    of_capital = percent(costs.frac_of_equity, signed=False)
    of_gross = (
        "it lost before costs too"
        if costs.frac_of_gross is None
        else f"{percent(costs.frac_of_gross, 0, signed=False)} of the profit before costs"
    )
    lines = [
        "Costs:",
        _row("Before costs", money(costs.gross_quote, signed=True)),
        _row("Slippage", money(-costs.slippage_quote, signed=True), "half-spread included"),
        _row("Fees", money(-costs.fees_quote, signed=True)),
        _row("After costs", money(costs.net_quote, signed=True)),
        _row("Costs paid", money(costs.total_quote), f"{of_capital} of capital; {of_gross}"),
        _row("Value traded", money(costs.traded_quote), per_side),
    ]
    if info.costs:
        lines.append("  Assumed:")
    return lines + [line for c in info.costs for line in _bullet(f"{c.name}: {c.value}")]


def _refused(metrics: RunMetrics) -> list[str]:
    if not metrics.refused_orders:
        return ["Refused Orders: none"]
    head = f"Refused Orders: {metrics.refused_orders:,} (an order can break several rules)"
    return [head, *(f"  {kind}: {count:,}" for kind, count in metrics.refused.items())]


def _comparison(metrics: RunMetrics) -> list[str]:
    lines = ["Compared With:"]
    held = metrics.buy_and_hold
    if held is not None:
        cost = "before costs" if held.cost_frac is None else "after the same costs, nights included"
        lines.append(_row("Buy and hold", percent(held.equal_weight_frac), f"all symbols in equal parts, {cost}"))
    for baseline in metrics.shuffled:
        words = baseline.words[0].upper() + baseline.words[1:] + "."
        lines += wrap(words, WIDTH, initial_indent="  ", subsequent_indent="  ")
    if held is None and not metrics.shuffled:
        lines.append("  nothing was recorded to compare with")
    return lines


def _skill(info: RunInfo) -> list[str]:
    if not info.skill:
        return []
    head = "Learner Skill (error out of sample ÷ variance, by bars ahead; predicting zero scores 1, skill is below):"
    return [head, *_table(skill_table(info))]


def _days(metrics: RunMetrics) -> list[str]:
    return ["Sessions:", *_table(day_table(metrics))] if len(metrics.days) > 1 else []


def _warnings(metrics: RunMetrics, info: RunInfo) -> list[str]:
    notes = [f"{d.date}: {note}" for d in metrics.days for note in d.notes]
    found = [*info.all_warnings, *notes]
    if not found:
        return []
    return ["Warnings:", *(line for warning in found for line in _bullet(warning))]


def _bullet(words: str) -> list[str]:
    return wrap(words, WIDTH, initial_indent="  - ", subsequent_indent="    ")


def _table(table: Table) -> list[str]:
    """Left-aligned first column, right-aligned others, two spaces between."""
    lines = (table.header, *table.rows)
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.header))]
    return [
        "  " + "  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))])
        for line in lines
    ]
