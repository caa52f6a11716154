"""Total return over two parameters of a grid, one map per symbol, as one page; further parameters at their best."""

from __future__ import annotations

from html import escape
from math import ceil
from typing import TYPE_CHECKING, Any

from rung.lab.sweep_outcome import SweepResult
from rung.reports.page.shell import plotly_file_name

if TYPE_CHECKING:
    import polars as pl

CELL, MARGIN, TALLEST = 42, 130, 640
MOST_LABELLED = 240
MOST_BORDERED = 40
"""Cells a side: with more of them the borders would hide the colours."""
MOST_CELLS = 14_000
"""On all maps of a page together. A cell is about 150 bytes, so that a page stays near two megabytes."""
PLACE = "place of "
LOSS, NEUTRAL, GAIN = "#b2182b", "#f7f7f7", "#2166ac"
STYLE = (
    "body{margin:2rem auto;max-width:1120px;padding:0 1rem;"
    "font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff}"
    "h1{font-size:1.35rem;margin:0 0 .25rem}h2{font-size:1.05rem;margin:1.75rem 0 .25rem}"
    "p{margin:.25rem 0}.honest{border-left:4px solid #b58900;padding:.25rem .75rem;margin:1rem 0;background:#fdf8e7}"
    ".note{color:#555}"
)


def heat_maps(result: SweepResult) -> str | None:
    """The page, None for a grid of fewer than two parameters. It needs plotly's script beside it."""
    axes = [name for name in result.plan.grid.names if len(result.plan.grid.axes[name]) > 1]
    if len(axes) < 2:
        return None
    across, up = axes[0], axes[1]
    identity = result.plan.benches[0].identity
    most = max(abs(float(each)) for each in result.rows["total_return_frac"]) or 0.01
    symbols = result.rows["symbol"].unique(maintain_order=True).sort()
    wide, high = len(result.plan.grid.axes[across]), len(result.plan.grid.axes[up])
    blocks = blocks_of(wide, high, MOST_CELLS // len(symbols))
    parts = []
    for number, symbol in enumerate(symbols):
        rows = result.rows.filter(result.rows["symbol"] == symbol)
        drawn = _map(_best(rows, (across, up), blocks), (across, up), most, number)
        parts.append(f"<h2>{escape(symbol)}</h2>\n{drawn}")
    title = f"{identity.strategy}, {identity.start} to {identity.end}"
    invented = " Invented bars: no evidence of anything." if identity.synthetic else ""
    rest = f" Other parameters of the grid ({', '.join(axes[2:])}) at their best." if axes[2:] else ""
    rest += _coarse_words(across, up, blocks)
    note = f"Total return after costs, per cent; white is zero, the same colours for every symbol.{rest}{invented}"
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n<link rel="icon" href="data:,">',
            f"<title>Sweep of {escape(title)}</title>\n<style>{STYLE}</style>",
            f'<script src="{plotly_file_name()}"></script>\n</head>\n<body>',
            f'<h1>Sweep of {escape(title)}</h1>\n<p class="note">{escape(note)}</p>',
            f'<p class="honest">{escape(_honest(result))}</p>',
            *parts,
            "</body>\n</html>\n",
        ]
    )


def _honest(result: SweepResult) -> str:
    """The sentence about luck, and what PBO does not say where the two seem to disagree."""
    luck = result.luck
    if luck.overfit is None or not luck.caution:
        return luck.sentence
    return f"{luck.sentence} The probability of backtest overfitting is {luck.overfit.probability:.0%}. {luck.caution}."


def blocks_of(wide: int, high: int, most: int) -> tuple[int, int]:
    """How many values of either axis share a cell, so that at most `most` cells are drawn; (1, 1) when all fit."""
    across = up = 1
    while ceil(wide / across) * ceil(high / up) > max(1, most):
        if wide / across >= high / up:
            across += 1
        else:
            up += 1
    return across, up


def _coarse_words(across: str, up: str, blocks: tuple[int, int]) -> str:
    if blocks == (1, 1):
        return ""
    return (
        f" Drawn coarser than swept, since nobody sees so many cells: a cell is the best of {blocks[0]} × {blocks[1]} "
        f"values ({across} × {up}), so the map looks better than the sweep. Every row is in the tables beside it."
    )


def _best(rows: pl.DataFrame, axes: tuple[str, str], blocks: tuple[int, int]) -> pl.DataFrame:
    """One row per cell: the highest return over whatever else was swept. A cell's place is its lowest two values."""
    import polars as pl

    places = []
    for name, size in zip(axes, blocks, strict=True):
        values = _sorted(rows, name)
        first = [values[i - i % size] for i in range(len(values))]
        lowest = pl.col(name).replace_strict(values, first, return_dtype=rows.schema[name])
        places.append(lowest.alias(f"{PLACE}{name}"))
    ranked = rows.sort("total_return_frac", descending=True, maintain_order=True).with_columns(places)
    return ranked.unique([f"{PLACE}{name}" for name in axes], keep="first", maintain_order=True)


def _map(cells: pl.DataFrame, axes: tuple[str, str], most: float, number: int) -> str:
    import plotly.graph_objects as go

    across, up = axes
    x, y = (_sorted(cells, f"{PLACE}{name}") for name in axes)
    by_place: dict[tuple[Any, Any], dict[str, Any]] = {
        (row[f"{PLACE}{across}"], row[f"{PLACE}{up}"]): row for row in cells.to_dicts()
    }
    grid = [[by_place.get((i, j)) for i in x] for j in y]
    z = [[None if cell is None else 100 * cell["total_return_frac"] for cell in row] for row in grid]
    hover = [["" if cell is None else _hover(cell, axes) for cell in row] for row in grid]
    labelled, gap = len(x) * len(y) <= MOST_LABELLED, 1 if max(len(x), len(y)) <= MOST_BORDERED else 0
    figure = go.Figure(
        go.Heatmap(
            x=[_text(i) for i in x], y=[_text(j) for j in y], z=z, text=hover, hoverinfo="text", xgap=gap, ygap=gap,
            texttemplate="%{z:.1f}" if labelled else None, zmin=-100 * most, zmax=100 * most, zmid=0,
            colorscale=[[0.0, LOSS], [0.5, NEUTRAL], [1.0, GAIN]], colorbar={"ticksuffix": " %", "thickness": 14},
        )
    )  # fmt: skip
    figure.update_layout(
        height=min(TALLEST, MARGIN + CELL * len(y)), margin={"l": 80, "r": 20, "t": 10, "b": 60}, autosize=True,
        xaxis={"title": across, "type": "category"},
        yaxis={"title": up, "type": "category", "ticks": "outside", "tickcolor": "#fff"},
        paper_bgcolor="#fff", plot_bgcolor="#ddd", font={"family": "system-ui, sans-serif", "size": 13},
    )  # fmt: skip
    options = {"responsive": True, "displaylogo": False, "displayModeBar": False}
    text = figure.to_html(full_html=False, include_plotlyjs=False, div_id=f"map{number}", config=options)
    return str(text)


def _sorted(cells: pl.DataFrame, name: str) -> list[Any]:
    return list(cells[name].unique().sort())


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _hover(cell: dict[str, Any], axes: tuple[str, str]) -> str:
    place = ", ".join(f"{name} {_text(cell[name])}" for name in axes)
    sharpe = "-" if cell["sharpe"] is None else f"{cell['sharpe']:.2f}"
    return (
        f"{place}<br>return {cell['total_return_frac']:+.2%}, {cell['trades']:,} trades<br>"
        f"max drawdown {cell['max_drawdown_frac']:.2%}, Sharpe {sharpe}<br>fees {cell['fees_quote']:,.0f}"
    )
