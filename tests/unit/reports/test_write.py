"""All reports at once: the same bytes every time, and never half a report."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.reports.stream import about, folded, small_run

from rung.domain.errors import UserError
from rung.reports.page.shell import plotly_file_name
from rung.reports.write import write_reports


def test_three_reports_and_the_script_of_their_charts(tmp_path: Path) -> None:
    made = write_reports(folded(small_run()), about(), tmp_path / "deep" / "er")
    names = {path.name for path in (tmp_path / "deep" / "er").iterdir()}
    assert names == {made.text.name, made.json.name, made.html.name, plotly_file_name()}
    assert names >= {"analysis_report.txt", "report.json", "report.html"}
    assert f'src="{plotly_file_name()}"' in made.html.read_text("utf-8")
    assert not made.judgement.ready


def test_twice_the_same_run_is_twice_the_same_bytes(tmp_path: Path) -> None:
    first = write_reports(folded(small_run()), about(), tmp_path / "a")
    second = write_reports(folded(small_run()), about(), tmp_path / "b")
    for name in ("text", "json", "html"):
        assert getattr(first, name).read_bytes() == getattr(second, name).read_bytes()


def test_a_script_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    write_reports(folded(small_run()), about(), tmp_path)
    script = tmp_path / plotly_file_name()
    before = script.stat().st_mtime_ns
    write_reports(folded(small_run()), about(), tmp_path)
    assert script.stat().st_mtime_ns == before


def test_a_folder_that_cannot_be_written_is_a_users_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="a file is in its place"):
        write_reports(folded(small_run()), about(), tmp_path / "file")
