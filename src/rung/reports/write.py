"""All reports of a run, written into its folder."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from rung.reports.figures import RunMetrics
from rung.reports.files import make_folder, write_atomically
from rung.reports.info import RunInfo
from rung.reports.jsonreport import FILE_NAME, render_json
from rung.reports.judgement import Judgement, judge
from rung.reports.metrics import measure
from rung.reports.page.html import render_html
from rung.reports.page.shell import write_plotly
from rung.reports.record import RunRecord
from rung.reports.text import render_text

TEXT_NAME = "analysis_report.txt"
HTML_NAME = "report.html"


class Reports(NamedTuple):
    """What was found, and where it was written."""

    metrics: RunMetrics
    judgement: Judgement
    text: Path
    json: Path
    html: Path


def write_reports(record: RunRecord, info: RunInfo, folder: Path) -> Reports:
    """Write `analysis_report.txt`, `report.json` and `report.html` with plotly's script beside it.

    record : at least one session. The bootstrap is seeded with `info.seed`: the same record and info give the same
    bytes. Each file appears whole or not at all. Raises UserError when the folder cannot be written.
    """
    metrics = measure(record, info.baselines, np.random.default_rng(info.seed))
    judgement = judge(metrics, info)
    made = Reports(metrics, judgement, folder / TEXT_NAME, folder / FILE_NAME, folder / HTML_NAME)
    make_folder(folder)
    write_atomically(made.text, render_text(metrics, judgement, info).encode())
    write_atomically(made.json, render_json(metrics, judgement, info))
    write_page(made.html, record, metrics, judgement, info)
    return made


def write_page(path: Path, record: RunRecord, metrics: RunMetrics, judgement: Judgement, info: RunInfo) -> None:
    """Write the page, and plotly's script beside it when it is not there."""
    write_plotly(path.parent)
    write_atomically(path, render_html(record, metrics, judgement, info))
