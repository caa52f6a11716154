"""Figures → `report.html`. The script of the charts, plotly's own, is written once beside the page."""

from __future__ import annotations

from rung.reports.figures import RunMetrics
from rung.reports.info import RunInfo
from rung.reports.judgement import Judgement
from rung.reports.page import parts
from rung.reports.page.drawing import drawing
from rung.reports.page.shell import page, plotly_beside
from rung.reports.record import RunRecord
from rung.reports.words import span


def render_html(record: RunRecord, metrics: RunMetrics, judgement: Judgement, info: RunInfo) -> bytes:
    """The whole page. It needs plotly's script (`write_plotly`) beside it and nothing else."""
    dates = tuple(day.date for day in metrics.days)
    title = f"{'SYNTHETIC ' if info.synthetic else ''}{info.strategy}, {span(dates)}"
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
    return page(title, body, drawing(record, metrics, info), script="report.js", plotly=plotly_beside())


def _has_bars(record: RunRecord) -> bool:
    return any(day.candles for day in record.days)
