"""The sections of the page as HTML text; every word that comes from outside is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rung.reports.figures import RunMetrics
from rung.reports.info import RunInfo
from rung.reports.judgement import Judgement
from rung.reports.page import blocks as block
from rung.reports.tables import Table, day_table, skill_table, symbol_table
from rung.reports.words import money as amount
from rung.reports.words import number, percent, plural, span


def head(metrics: RunMetrics, judgement: Judgement, info: RunInfo) -> str:
    dates = tuple(day.date for day in metrics.days)
    tone = "good" if judgement.ready else "bad"
    banner = block.banner(synthetic=info.synthetic)
    return (
        f'<header><div><h1>{escape(info.strategy)}</h1><p class="soft">{escape(info.mode)} run, {span(dates)}'
        f"<br>{escape(', '.join(info.symbols))}</p></div>"
        f'<p class="badge {tone}" id="verdict">{block.mark(judgement.ready)} {judgement.headline}</p></header>{banner}'
    )


def tiles(metrics: RunMetrics, judgement: Judgement) -> str:
    returns, trading, costs = metrics.returns, metrics.trading, metrics.costs
    bounds, likely = returns.mrd_interval, trading.win_rate_interval
    interval = f"95%: {percent(bounds.low)} to {percent(bounds.high)}" if bounds else "too few days for an interval"
    win = (
        f"95%: {percent(likely.low, 0, signed=False)} to {percent(likely.high, 0, signed=False)}"
        if likely
        else "no trade"
    )
    rows = (
        ("MRD, mean return per day", percent(returns.mrd_frac), interval, block.tone(returns.mrd_frac)),
        (
            "Total return",
            percent(returns.total_frac),
            plural(len(metrics.days), "session"),
            block.tone(returns.total_frac),
        ),
        ("Win rate", percent(trading.win_rate_frac, 1, signed=False), win, ""),
        ("Trades", f"{trading.trades:,}", f"{number(trading.trades_per_day, 1)} per day, {trading.fills:,} fills", ""),
        (
            "Worst drawdown in a session",
            percent(-returns.max_intraday_drawdown_frac),
            f"whole run {percent(-returns.max_drawdown_frac)}",
            "",
        ),
        ("Profit factor", number(trading.profit_factor), "won ÷ lost, after costs", ""),
        (
            "Costs paid",
            amount(costs.total_quote),
            f"{percent(costs.frac_of_equity, signed=False)} of capital",
            "",
        ),
        (
            "Turnover",
            f"{number(trading.turnover_per_day, 1)}×",
            f"equity per day; {percent(trading.exposure_mean_frac, 0, signed=False)} invested on average",
            "",
        ),
    )
    return '<div class="tiles">' + "".join(block.tile(*row) for row in rows) + "</div>"


def checks(judgement: Judgement) -> str:
    rows = "".join(
        f"<li>{block.mark(c.passed)}<span>{escape(c.label)}</span>"
        f"<span><b>{escape(c.value)}</b><em>{escape(c.words)}</em></span></li>"
        for c in judgement.checks
    )
    return block.section("Verdict", "every check must hold", f'<ul class="checks">{rows}</ul>')


def curves(metrics: RunMetrics) -> str:
    body = block.chart("equity", "equity and drawdown", "tall")
    page = block.section("Equity and drawdown", "after all costs, marked at every bar; dotted: start", body)
    if len(metrics.days) > 1:
        bars = block.chart("daily", "return per session", "low")
        page += block.section("Return per session", "", bars)
    return page


def session(dates: Sequence[str], symbols: Sequence[str], *, with_candles: bool) -> str:
    """Charts of one session at a time, with what chooses it."""
    days = block.options([(str(i), date) for i, date in enumerate(dates)], str(len(dates) - 1))
    choices = f'<label>Session<select id="day">{days}</select></label>'
    candles = '<p class="soft">Session files hold no bars, so there are no candles in a report made from them.</p>'
    if with_candles:
        listed = block.options([(s, s) for s in symbols], symbols[0])
        choices = f'<label>Symbol<select id="symbol">{listed}</select></label>' + choices
        candles = (
            '<p class="soft" id="candle-note"></p>'
            f"{block.chart('candles', 'candles with entries and exits', 'tall')}"
            '<p class="soft">▲ entry long, ▼ entry short, ● exit; green won, red lost after costs.</p>'
        )
    return (
        '<section><div class="bar"><div><h2>One session</h2>'
        f'<p class="soft">what was traded, and how sure it was</p></div><form>{choices}</form></div>{candles}'
        f"<h3>Confidence and signal strength</h3>{block.chart('beliefs', 'confidence and signal strength')}"
        f"<h3>Exposure</h3>{block.chart('exposure', 'exposure', 'low')}</section>"
    )


def money(metrics: RunMetrics, info: RunInfo) -> str:
    costs = metrics.costs
    if costs.frac_of_gross is None:
        eaten = "it lost before costs too"
    elif costs.frac_of_gross > 1:
        eaten = f"costs were {costs.frac_of_gross:.1f} times the profit before them"
    else:
        eaten = f"costs took {percent(costs.frac_of_gross, 0, signed=False)} of the profit before them"
    side = "" if costs.frac_of_traded is None else f"; {costs.frac_of_traded * 1e4:.2f} bps per side on average"
    chart = block.chart("costs", "costs")
    left = block.section("What costs did", f"{info.currency}; {eaten}{side}", chart)
    held = metrics.buy_and_hold
    rows = []
    if held is not None:
        how = "before costs" if held.cost_frac is None else "after the same costs, nights included"
        rows.append(f"Buying and holding all symbols in equal parts: {percent(held.equal_weight_frac)} ({how}).")
    rows += [escape(b.words[0].upper() + b.words[1:]) + "." for b in metrics.shuffled]
    words = (
        "".join(f"<p class='soft'>{row}</p>" for row in rows)
        or "<p class='soft'>Nothing was recorded to compare with.</p>"
    )
    chart = block.chart("baselines", "baselines") if metrics.shuffled else ""
    right = block.section("Compared with knowing nothing", "", words + chart)
    return f'<div class="pair">{left}{right}</div>'


def symbols(metrics: RunMetrics) -> str:
    return block.section("Instruments", "return on the capital of the run", block.table(symbol_table(metrics)))


def days(metrics: RunMetrics) -> str:
    if len(metrics.days) < 2:
        return ""
    return block.section("Sessions", "", block.folded(block.table(day_table(metrics)), len(metrics.days), "sessions"))


def refused(metrics: RunMetrics) -> str:
    if not metrics.refused_orders:
        return block.section("Refused orders", "", '<p class="soft">No order was refused.</p>')
    rows = tuple((kind.replace("_", " "), f"{count:,}") for kind, count in metrics.refused.items())
    title = f"{plural(metrics.refused_orders, 'order')}; one order can break several rules"
    return block.section("Refused orders", title, block.table(Table(("Rule", "Broken"), rows)))


def skill(info: RunInfo) -> str:
    if not info.skill:
        return ""
    note = "error out of sample ÷ variance, by bars ahead; predicting zero scores 1, skill is below"
    return block.section("Skill of the learner", note, block.table(skill_table(info)))


def warnings(metrics: RunMetrics, info: RunInfo) -> str:
    found = [*info.all_warnings, *(f"{d.date}: {note}" for d in metrics.days for note in d.notes)]
    if not found:
        return block.section("Data quality", "", '<p class="soft">The checks found nothing to doubt.</p>')
    items = "".join(f"<li>{escape(w)}</li>" for w in found)
    return block.section(
        "Data quality and notes", "", block.folded(f'<ul class="plain">{items}</ul>', len(found), "notes")
    )


def circumstances(info: RunInfo) -> str:
    """What repeats the run, and what was assumed."""
    rows = [
        ("Capital", f"{amount(info.capital_quote)} {info.currency}"),
        ("Configuration", info.config_id),
        ("Code", info.code_version),
        ("Seed", str(info.seed)),
        ("Warm-up", plural(info.warm_up_sessions, "session") + " before the first"),
        ("Clock", info.time_zone),
        *((f"Tape {t.symbol}", t.tape_id) for t in info.tapes),
        *((f"Assumed {c.name}", c.value) for c in info.costs),
        *([("Command", info.command)] if info.command else []),
    ]
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    return block.section("Run", "", f"<dl>{items}</dl>") + (
        "<footer>A trade is a position from flat to flat; it wins when it earned more than its costs. Every figure is "
        "explained in docs/concepts/metrics.md, every assumption in docs/concepts/assumptions.md. "
        "Targets are labels of the source document, not promises.</footer>"
    )
