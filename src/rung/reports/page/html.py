"""Figures → `report.html`. The script of the charts, plotly's own, is written once beside the page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import msgspec

from rung.domain.errors import UserError
from rung.reports.figures import RunMetrics
from rung.reports.files import write_atomically
from rung.reports.info import RunInfo
from rung.reports.judgement import Judgement
from rung.reports.page import parts
from rung.reports.page.drawing import drawing
from rung.reports.record import RunRecord
from rung.reports.words import span


def render_html(record: RunRecord, metrics: RunMetrics, judgement: Judgement, info: RunInfo) -> bytes:
    """The whole page. It needs `plotly_file_name()` beside it and nothing else."""
    dates = tuple(day.date for day in metrics.days)
    title = f"{'SYNTHETIC ' if info.synthetic else ''}{info.strategy}, {span(dates)}"
    numbers = msgspec.json.encode(drawing(record, metrics, info)).decode().replace("<", "\\u003c")
    body = "\n".join(
        part
        for part in (
            parts.head(metrics, judgement, info),
            parts.tiles(metrics, judgement),
            parts.checks(judgement),
            parts.curves(metrics),
            parts.session(dates, [s.symbol for s in metrics.symbols], with_candles=_has_bars(record)),
            parts.money(metrics, info),
            parts.symbols(metrics),
            parts.days(metrics),
            parts.refused(metrics),
            parts.skill(info),
            parts.warnings(metrics, info),
            parts.circumstances(info),
        )
        if part
    )
    return _page(title, body, numbers).encode()


def plotly_file_name() -> str:
    return f"plotly-{version('plotly')}.min.js"


def write_plotly(folder: Path) -> None:
    """Put plotly's script into the folder, unless it is there already."""
    target = folder / plotly_file_name()
    spec = find_spec("plotly")
    if spec is None or not spec.submodule_search_locations:
        raise UserError("plotly is not installed", remedy="run `./rung doctor`")
    source = Path(spec.submodule_search_locations[0]) / "package_data" / "plotly.min.js"
    if not (target.is_file() and target.stat().st_size == source.stat().st_size):
        write_atomically(target, source.read_bytes())


def _has_bars(record: RunRecord) -> bool:
    return any(day.candles for day in record.days)


def _page(title: str, body: str, numbers: str) -> str:
    folder = files("rung.reports.page")
    style = (folder / "report.css").read_text("utf-8")
    script = (folder / "report.js").read_text("utf-8")
    lines: Sequence[str] = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<link rel="icon" href="data:,">',
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<main>",
        body,
        "</main>",
        f'<script type="application/json" id="run">{numbers}</script>',
        f'<script src="{plotly_file_name()}"></script>\n<script>\n{script}</script>\n</body>\n</html>\n',
    )
    return "\n".join(lines)
