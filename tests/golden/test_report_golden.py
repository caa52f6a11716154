"""The small hand-made run, as people and programs read it, to the letter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.unit.reports.stream import about, folded, small_run

from rung.reports.jsonreport import render_json
from rung.reports.judgement import judge
from rung.reports.metrics import measure
from rung.reports.sessions import SessionFiles, session_file
from rung.reports.text import render_text

Golden = Callable[[str, str], None]


@pytest.mark.parametrize("synthetic", [False, True], ids=["recorded", "synthetic"])
def test_the_text_report(golden: Golden, synthetic: bool) -> None:
    info = about(synthetic=synthetic)
    metrics = measure(folded(small_run()), info.baselines, np.random.default_rng(info.seed))
    name = "report_small_synthetic.txt" if synthetic else "report_small.txt"
    golden(name, render_text(metrics, judge(metrics, info), info))


def test_the_json_report(golden: Golden) -> None:
    info = about()
    metrics = measure(folded(small_run()), info.baselines, np.random.default_rng(info.seed))
    golden("report_small.json", render_json(metrics, judge(metrics, info), info).decode())


@pytest.mark.parametrize("kind", ["session", "trades", "decisions"])
def test_a_session_file(golden: Golden, tmp_path: Path, kind: str) -> None:
    with SessionFiles(tmp_path, about()) as session_files:
        for step in small_run():
            session_files.see(step)
    path = session_file(tmp_path, kind, "2025-09-15")
    golden(f"report_small_{path.name}", path.read_text("utf-8"))


def test_a_snapshot_and_a_signal(golden: Golden, tmp_path: Path) -> None:
    """Two lines are enough of the files that have one per minute."""
    with SessionFiles(tmp_path, about()) as session_files:
        for step in small_run():
            session_files.see(step)
    lines = [
        session_file(tmp_path, kind, "2025-09-15").read_text("utf-8").splitlines()[7]
        for kind in ("positions", "signals")
    ]
    golden("report_small_lines.jsonl", "\n".join(lines) + "\n")
