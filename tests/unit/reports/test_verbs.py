"""`rung analyze-mrd` and `rung report`: recorded sessions, never simulated again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.unit.reports.stream import about, folded, play, small_script

from rung.apps.cli.main import main
from rung.reports.sessions import SessionFiles
from rung.reports.write import write_reports


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve sessions, 2025-09-15 to 09-30; only the first two trade."""
    out = tmp_path_factory.mktemp("runs")
    steps = list(play(small_script(), days=12, bars=40))
    with SessionFiles(out, about(), flush_every_steps=400) as session_files:
        for step in steps:
            session_files.see(step)
    write_reports(folded(steps), about(), out)
    return out


class Done(NamedTuple):
    """How a command ended and what it said."""

    code: int
    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`rung WORDS`, in this process."""

    def command(*words: str) -> Done:
        capsys.readouterr()
        code = main(words)
        return Done(code, *capsys.readouterr())

    return command


def analyzed(run: Run, folder: Path, *words: str) -> dict:
    done = run("analyze-mrd", *words, "--dir", str(folder), "--json")
    assert done.code == 0, done.stderr
    return json.loads(done.stdout)


def test_one_date_is_one_row_and_no_interval(run: Run, folder: Path) -> None:
    done = run("analyze-mrd", "--date", "2025-09-16", "--dir", str(folder))
    assert "2025-09-16" in done.stdout
    assert "2025-09-15" not in done.stdout
    assert "MRD +0.05% over 1 session, too few days for an interval" in done.stdout


def test_a_week_is_the_newest_five_sessions_there_are(run: Run, folder: Path) -> None:
    found = analyzed(run, folder, "--week")
    assert found["dates"] == ["2025-09-24", "2025-09-25", "2025-09-26", "2025-09-29", "2025-09-30"]
    assert found["returns"]["mrd_interval"] == [0.0, 0.0]


def test_the_week_of_a_date_is_its_calendar_week(run: Run, folder: Path) -> None:
    assert analyzed(run, folder, "--week-of", "2025-09-20")["dates"][0] == "2025-09-15"
    assert len(analyzed(run, folder, "--week-of", "2025-09-20")["dates"]) == 5


def test_figures_are_those_of_the_report(run: Run, folder: Path) -> None:
    report = json.loads((folder / "report.json").read_text("utf-8"))
    first = analyzed(run, folder, "--date", "2025-09-15")["days"][0]
    assert first == report["metrics"]["days"][0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--date", "2025-10-14"), "no session was recorded on 2025-10-14 — recorded: 2025-09-15, 2025-09-16"),
        (("--date", "14.10.2025"), "'14.10.2025' is not a date"),
        (("--week-of", "2024-01-01"), "no session was recorded in the week of 2024-01-01"),
        ((), "which sessions?"),
        (("--week", "--date", "2025-09-15"), "which sessions?"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(run: Run, folder: Path, words: tuple[str, ...], message: str) -> None:
    done = run("analyze-mrd", *words, "--dir", str(folder))
    assert (done.code, done.stdout) == (2, "")
    assert message in done.stderr


def test_an_empty_folder_has_nothing_recorded(run: Run, tmp_path: Path) -> None:
    done = run("analyze-mrd", "--week", "--dir", str(tmp_path))
    assert "no session is recorded here" in done.stderr


def test_an_error_is_one_line_and_exit_code_two(run: Run, folder: Path) -> None:
    done = run("report", "--month", "2025-08", "--dir", str(folder))
    assert (done.code, done.stderr.count("\n")) == (2, 1)
    assert "no session was recorded in 2025-08 — recorded: 2025-09 (12)" in done.stderr


def test_a_month_is_reported_from_its_sessions(run: Run, folder: Path) -> None:
    done = run("report", "--month", "2025-09", "--dir", str(folder))
    text = (folder / "analysis_report.txt").read_text("utf-8")
    assert "Date: 2025-09-15 to 2025-09-30 (12 sessions)" in done.stdout
    same = [line for line in text.splitlines() if line.startswith(("  MRD", "  Total", "  Win", "VERDICT"))]
    assert len(same) == 5
    assert all(line in done.stdout for line in same)


def test_a_month_as_json_is_the_reports_schema(run: Run, folder: Path) -> None:
    report = json.loads(run("report", "--month", "2025-09", "--dir", str(folder), "--json").stdout)
    assert report["schema"] == "rung.report/1"
    assert report["run"]["mode"] == "recorded mock"
    assert report["metrics"]["buy_and_hold"] is None


def test_a_month_as_a_page_is_written_into_the_folder(run: Run, folder: Path) -> None:
    done = run("report", "--month", "2025-09", "--dir", str(folder), "--html")
    page = folder / "report_2025-09.html"
    assert str(page) in done.stdout
    assert "Session files hold no bars" in page.read_text("utf-8")
    page.unlink()


@pytest.mark.parametrize("month", ["2025-13", "2025-9", "September"])
def test_a_month_is_written_year_and_month(run: Run, folder: Path, month: str) -> None:
    assert "is not a month" in run("report", "--month", month, "--dir", str(folder)).stderr


def test_sessions_of_another_run_borrow_nothing_from_the_report(run: Run, folder: Path, tmp_path: Path) -> None:
    """report.json of one configuration must not put its name, costs and targets under the sessions of another."""
    with SessionFiles(tmp_path, about(config_id="other", synthetic=True)) as session_files:
        for step in play(small_script(), days=2, bars=40):
            session_files.see(step)
    (tmp_path / "report.json").write_bytes((folder / "report.json").read_bytes())
    found = analyzed(run, tmp_path, "--week")
    assert (found["strategy"], found["config_id"], found["synthetic"]) == ("Recorded sessions", "other", True)
    assert any("about other sessions" in warning for warning in found["warnings"])
    assert "SYNTHETIC" in run("analyze-mrd", "--week", "--dir", str(tmp_path)).stdout
