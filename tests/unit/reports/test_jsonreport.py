"""report.json: every number, exact, and read back."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from tests.unit.reports.stream import about, folded, small_run

from rung.domain.errors import UserError
from rung.reports.jsonreport import FILE_NAME, read_report, render_json, to_json
from rung.reports.judgement import judge
from rung.reports.metrics import measure


@pytest.fixture(scope="module")
def content() -> bytes:
    info = about()
    metrics = measure(folded(small_run()), info.baselines, np.random.default_rng(7))
    return render_json(metrics, judge(metrics, info), info)


def test_money_is_an_exact_number(content: bytes) -> None:
    costs = json.loads(content, parse_float=Decimal)["metrics"]["costs"]
    assert (costs["fees_quote"], costs["slippage_quote"]) == (Decimal("23.00"), Decimal("46.00"))


def test_what_json_cannot_say_is_null() -> None:
    assert json.loads(to_json({"a": float("nan"), "b": [float("inf"), 0.1 + 0.2]})) == {"a": None, "b": [None, 0.3]}


def test_the_verdict_is_in_it_and_synthetic_stands_on_top(content: bytes) -> None:
    report = json.loads(content)
    assert (report["schema"], report["synthetic"]) == ("rung.report/1", False)
    assert report["verdict"]["ready"] is False
    assert report["verdict"]["line"].startswith("❌ DO NOT GO LIVE")
    assert {check["key"] for check in report["verdict"]["checks"] if check["passed"]} == {"drawdown", "market"}


def test_the_run_is_read_back_as_it_was(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    stored = read_report(tmp_path)
    assert stored is not None
    assert (stored.run, stored.dates) == (about(), ("2025-09-15", "2025-09-16"))


def test_no_report_is_none(tmp_path: Path) -> None:
    assert read_report(tmp_path) is None


@pytest.mark.parametrize(("text", "words"), [("{", "not a report"), ('{"schema":"x"}', "not a report")])
def test_a_damaged_report_is_a_users_error(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(UserError, match=words):
        read_report(tmp_path)


def test_a_report_of_another_version_is_not_misread(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content.replace(b"rung.report/1", b"rung.report/9"))
    with pytest.raises(UserError, match=r"rung\.report/9"):
        read_report(tmp_path)
