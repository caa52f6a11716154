"""`report.html`: the tearsheet as one file that needs nothing beside it and nothing from anywhere."""

from __future__ import annotations

from collections import Counter
from html import escape

from rung.reports.page import blocks as block
from rung.reports.page.shell import page, plotly_inside
from rung.reports.sheet import periods
from rung.reports.sheet.content import Figure, Kind, Sheet, figure_of, written
from rung.reports.sheet.drawing import sheet_drawing
from rung.reports.tables import Table
from rung.reports.words import plural

HEADLINE = (
    "total_return_frac", "hold_return_frac", "sharpe", "max_drawdown_frac", "trades", "win_rate_frac",
    "profit_factor", "costs_quote",
)  # fmt: skip
TRADE_HEADER = (
    "Opened", "Symbol", "Side", "P&L", "Return", "Why", "Ended by", "Closed", "Bars", "Entry", "Exit", "Costs",
)  # fmt: skip


def sheet_page(sheet: Sheet) -> bytes:
    """The whole page, plotly's script in it."""
    body = "\n".join(
        part
        for part in (
            _head(sheet),
            _tiles(sheet),
            _box(sheet),
            _curves(sheet),
            f'<div class="pair">{periods.section(sheet)}{_rolling(sheet)}</div>',
            f'<div class="pair">{_costs(sheet)}{_returns(sheet)}</div>',
            _surface(sheet),
            _figures(sheet),
            _trades(sheet),
            _refused(sheet),
            _doubts(sheet),
            _circumstances(sheet),
        )
        if part
    )
    title = f"{'SYNTHETIC ' if sheet.synthetic else ''}{sheet.title}"
    return page(title, body, sheet_drawing(sheet), script="sheet.js", plotly=plotly_inside())


def _head(sheet: Sheet) -> str:
    settings = ", ".join(f"{name} {value}" for name, value in sheet.parameters)
    file = f"{escape(sheet.origin)}<br>" if ".py" in sheet.origin else ""
    return (
        f'<header><div><h1>{escape(sheet.strategy)}</h1><p class="soft">{file}backtest, {escape(sheet.start)} to '
        f"{escape(sheet.end)}<br>{escape(', '.join(sheet.symbols))}</p></div>"
        f'<p class="badge {sheet.box.tone}" id="verdict">{escape(sheet.box.verdict)}</p></header>'
        f'<p class="soft settings">{escape(settings)}</p>{block.banner(synthetic=sheet.synthetic)}'
    )


def _tiles(sheet: Sheet) -> str:
    shown = [sheet.figure(key) for key in HEADLINE]
    tiles = [
        block.tile(escape(figure.label), escape(figure.text), escape(figure.aside), _ink(figure)) for figure in shown
    ]
    return f'<div class="tiles">{"".join(tiles)}</div>'


def _ink(figure: Figure) -> str:
    signed = figure.kind in (Kind.CHANGE, Kind.GAIN)
    return block.tone(float(figure.value)) if signed and figure.value is not None else ""


def _box(sheet: Sheet) -> str:
    box = sheet.box
    sentences = [*box.sentences, *([f"This was {box.tried}."] if box.tried else [])]
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    rows = zip(box.in_sample, box.out_of_sample, strict=True)
    cells = "".join(
        f'<tr><th scope="row">{escape(inside.label)}</th>{_cell(inside)}{_cell(outside)}</tr>'
        for inside, outside in rows
    )
    table = (
        '<div class="wide"><table class="sides"><thead><tr><th></th><th scope="col">In sample</th>'
        f'<th scope="col">Out of sample</th></tr></thead><tbody>{cells}</tbody></table></div>'
    )
    table += f'<p class="soft">n/a: {escape("; ".join(box.reasons))}</p>' if box.reasons else ""
    body = f'<p class="honest">{escape(sheet.honest[:1].upper() + sheet.honest[1:])}.</p>'
    body += f'<div class="sided"><ul class="plain">{items}</ul><div>{table}</div></div>'
    return block.section("Is it luck?", "what was seen while choosing, and what came after", body)


def _cell(figure: Figure) -> str:
    why = f' title="{escape(figure.missing)}" class="soft"' if figure.missing else ""
    return f"<td{why}>{escape(figure.text)}</td>"


def _curves(sheet: Sheet) -> str:
    body = block.chart("equity", "equity, buy and hold, drawdown", "tall")
    page = block.section(
        "Equity, buy and hold, drawdown", f"{sheet.currency}, after all costs, marked at every bar; dotted: start", body
    )
    exposed, busy = sheet.figure("exposure_mean_frac"), sheet.figure("time_in_market_frac")
    words = f"gross position ÷ equity; {exposed.text} on average, in the market {busy.text} of the time"
    return page + block.section("Exposure", words, block.chart("exposure", "exposure", "low"))


def _rolling(sheet: Sheet) -> str:
    rolling = sheet.rolling
    if rolling.missing:
        return block.section("Rolling Sharpe ratio", "", _nothing(rolling.missing))
    remark = f"of {rolling.window} days in a row, annualised; band: 95%"
    return block.section("Rolling Sharpe ratio", remark, block.chart("rolling", "rolling Sharpe ratio"))


def _costs(sheet: Sheet) -> str:
    absent = [figure_of(key, _all(sheet)) for key in ("funding_quote", "borrow_quote")]
    reasons = "; ".join(f"{figure.label.lower()}: {figure.missing}" for figure in absent if figure.missing)
    remark = "; ".join(part for part in (sheet.currency, reasons) if part)
    return block.section("What costs did", remark, block.chart("costs", "costs"))


def _returns(sheet: Sheet) -> str:
    if not len(sheet.trades.returns_frac):
        return block.section("Returns of trades", "", _nothing("no trade was closed"))
    remark = f"{plural(sheet.trades.count, 'trade')}, after costs; dotted: mean"
    return block.section("Returns of trades", remark, block.chart("returns", "distribution of trade returns"))


def _surface(sheet: Sheet) -> str:
    surface = sheet.surface
    if surface is None:
        return ""
    remark = f"{surface.measure} over {surface.x_name} and {surface.y_name}"
    chart = block.chart("surface", "parameter surface")
    return block.section("Parameters", "; ".join(part for part in (remark, surface.remark) if part), chart)


def _figures(sheet: Sheet) -> str:
    groups = "".join(
        f"<div><h3>{escape(group.title)}</h3>{_figure_table(group.figures)}</div>" for group in sheet.groups
    )
    return block.section(
        "All figures", "each is defined in docs/concepts/metrics.md", f'<div class="groups">{groups}</div>'
    )


def _figure_table(figures: tuple[Figure, ...]) -> str:
    rows = "".join(
        f'<tr data-key="{escape(figure.key)}"><td>{escape(figure.label)}<em>{escape(figure.aside)}</em></td>'
        f"<td>{escape(figure.text)}</td></tr>"
        for figure in figures
    )
    return f'<table class="figures"><tbody>{rows}</tbody></table>'


def _trades(sheet: Sheet) -> str:
    trades = sheet.trades
    link = f'<a href="{escape(trades.file)}">{escape(trades.file)}</a>'
    if not trades.rows:
        return block.section("Trades", "", _nothing("no trade was closed"))
    shown = f"the first {len(trades.rows):,} of {trades.count:,}" if len(trades.rows) < trades.count else "all"
    head = "".join(f'<th scope="col"><button type="button">{name}</button></th>' for name in TRADE_HEADER)
    body = "".join(_trade(sheet, i) for i in range(len(trades.rows)))
    table = f'<table id="trades"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    words = f'<p class="soft">{shown}, sorted by the column you choose; the list with every reason is in {link}</p>'
    return block.section("Trades", "", f'{words}<div class="wide scroll">{table}</div>')


def _trade(sheet: Sheet, place: int) -> str:
    row = sheet.trades.rows[place]
    money = [written(row.pnl_quote, Kind.GAIN), written(row.costs_quote, Kind.MONEY)]
    cells: list[tuple[str, object]] = [
        (row.opened, row.opened), (row.symbol, row.symbol), (row.side, row.side), (money[0], row.pnl_quote),
        (written(row.return_frac, Kind.SMALL_SHARE), row.return_frac), (row.why, row.why), (row.trigger, row.trigger),
        (row.closed, row.closed), (f"{row.bars:,}", row.bars), (f"{row.entry_price:,.6g}", row.entry_price),
        (f"{row.exit_price:,.6g}", row.exit_price), (money[1], row.costs_quote),
    ]  # fmt: skip
    tone = block.tone(row.pnl_quote)
    inked = {3, 4}
    return "<tr>" + "".join(
        f'<td data-v="{escape(str(value))}"{f" class={tone}" if i in inked and tone else ""}>{escape(text)}</td>'
        for i, (text, value) in enumerate(cells)
    ) + "</tr>"  # fmt: skip


def _refused(sheet: Sheet) -> str:
    if not sheet.refused:
        return ""
    rows = tuple((kind.replace("_", " "), f"{count:,}") for kind, count in sheet.refused.items())
    refused = sheet.figure("refused_orders")
    remark = f"{refused.text} {refused.aside}; one order can break several rules"
    return block.section("Refused orders", remark, block.table(Table(("Rule", "Broken"), rows)))


def _doubts(sheet: Sheet) -> str:
    found = [
        words if n == 1 else f"{words} ({n:,} times)" for words, n in Counter((*sheet.doubts, *sheet.notes)).items()
    ]
    if not found:
        return block.section("Data quality", "", '<p class="soft">The checks found nothing to doubt.</p>')
    items = "".join(f"<li>{escape(words)}</li>" for words in found)
    return block.section(
        "Data quality and notes", "", block.folded(f'<ul class="plain">{items}</ul>', len(found), "notes")
    )


def _circumstances(sheet: Sheet) -> str:
    rows = [
        *((f"Parameter {name}", value) for name, value in sheet.parameters),
        *((f"Assumed {name}", value) for name, value in sheet.costs),
        *sheet.ids,
    ]
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in rows)
    return block.section("Run", "", f"<dl>{items}</dl>") + (
        "<footer>A trade is a position from flat to flat; it wins when it earned more than its costs. Decided on the "
        "close of a bar, filled at the next one's open. Every assumption is in docs/concepts/assumptions.md, every "
        "statistic in docs/concepts/statistics.md.</footer>"
    )


def _nothing(reason: str) -> str:
    return f'<p class="missing">n/a: {escape(reason)}</p>'


def _all(sheet: Sheet) -> tuple[Figure, ...]:
    return tuple(figure for group in sheet.groups for figure in group.figures)
