"""Bad input to `rung mock`: one clear line that says what, where and what to do; exit code 2; nothing half-written."""

from __future__ import annotations

import resource
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from tests.integration.mock_runs import PROJECT, RUNG, rung

from rung.apps.cli.main import main

SYMBOLS = ("TQQQ", "SQQQ", "SPXL", "SDS", "UVXY", "SVXY")
DAY = "2025-03-04"


Refused = Callable[..., str]


@pytest.fixture(scope="module")
def tapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two synthetic days of all six symbols."""
    folder = tmp_path_factory.mktemp("tapes")
    assert main(["data", "synth", "--output", str(folder), "--days", "2", "--start-date", "2025-03-03"]) == 0
    return folder


@pytest.fixture
def refused(tapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Refused:
    """Runs `rung mock WORDS`, which must be refused, and answers the one line it says."""
    out = tmp_path / "out"

    def run(*words: str, data: Path = tapes) -> str:
        capsys.readouterr()
        assert main(["mock", "--data", str(data), "--out", str(out), "--shuffles", "0", *words]) == 2
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        assert said.out == ""
        assert said.err.startswith("rung: ")
        written = [p.name for p in out.iterdir()] if out.is_dir() else []
        assert [n for n in written if not n.endswith(".partial")] == []
        return said.err

    return run


def copy_with(tapes: Path, folder: Path, symbol: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Path:
    folder.mkdir()
    for path in tapes.glob("*.parquet"):
        frame = pl.read_parquet(path)
        (change(frame) if path.name.startswith(symbol) else frame).write_parquet(folder / path.name)
    return folder


def test_a_day_without_a_session_names_the_sessions_nearby(refused: Refused) -> None:
    said = refused("--date", "2025-03-08")
    assert "2025-03-07" in said
    assert "2025-03-10" in said


def test_a_session_without_bars_says_what_the_tapes_cover(refused: Refused) -> None:
    assert "2025-03-03 to 2025-03-04" in refused("--date", "2025-04-01")


def test_words_that_are_not_a_period_are_refused(refused: Refused) -> None:
    assert "YYYY-MM-DD" in refused("--date", "yesterday")
    assert "swap" in refused("--start-date", "2025-03-04", "--end-date", "2025-03-03")
    assert "--date" in refused()


def test_a_missing_symbol_names_what_there_is(refused: Refused) -> None:
    said = refused("--date", DAY, "--symbols", "TQQQ,SPYY")
    assert "SPYY" in said
    assert "SVXY" in said


def test_a_missing_folder_says_how_to_get_one(refused: Refused, tmp_path: Path) -> None:
    assert "rung data" in refused("--date", DAY, data=tmp_path / "nowhere")


def test_an_unknown_config_key_comes_with_a_suggestion(refused: Refused, tmp_path: Path) -> None:
    config = tmp_path / "mine.json"
    config.write_text('{"rotation_manager_config": {\n  // a comment\n  "max_position": 3}}')
    said = refused("--date", DAY, "--config", str(config))
    assert "max_position" in said
    assert "max_positions" in said


def test_a_value_out_of_range_names_key_and_bound(refused: Refused, tmp_path: Path) -> None:
    config = tmp_path / "mine.json"
    config.write_text('{"oes_config": {"ewrls_lambda": 1.5}}')
    said = refused("--date", DAY, "--config", str(config))
    assert "oes_config.ewrls_lambda" in said


def test_costs_that_are_not_said_are_not_assumed(refused: Refused, tmp_path: Path) -> None:
    whole = (PROJECT / "config" / "costs.toml").read_text()
    costs = tmp_path / "costs.toml"
    costs.write_text("\n".join(line for line in whole.splitlines() if not line.startswith("slippage_bps")))
    assert "slippage.slippage_bps" in refused("--date", DAY, "--costs", str(costs))


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (
            lambda f: f.with_columns(close=pl.when(pl.int_range(pl.len()) == 5).then(float("nan")).otherwise("close")),
            "row",
        ),
        (lambda f: f.with_columns(low=pl.when(pl.int_range(pl.len()) == 5).then(-1.0).otherwise("low")), "row"),
        (lambda f: f.reverse(), "time"),
        (lambda f: f.head(0), "no bars"),
        (lambda f: f.drop("volume"), "volume"),
    ],
    ids=["NaN price", "negative price", "time runs back", "empty", "a column is missing"],
)
def test_a_broken_tape_is_named_with_the_place(
    refused: Refused, tapes: Path, tmp_path: Path, change: Callable[[pl.DataFrame], pl.DataFrame], word: str
) -> None:
    said = refused("--date", DAY, data=copy_with(tapes, tmp_path / "broken", "SDS", change))
    assert "SDS_1m.parquet" in said
    assert word in said


def test_a_file_that_is_not_parquet_is_named(refused: Refused, tapes: Path, tmp_path: Path) -> None:
    broken = copy_with(tapes, tmp_path / "broken", "SDS", lambda f: f)
    (broken / "SDS_1m.parquet").write_bytes(b"PAR1 this is not a tape")
    assert "SDS_1m.parquet" in refused("--date", DAY, data=broken)


def test_an_output_folder_that_is_a_file_is_refused(
    tapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    assert main(["mock", "--data", str(tapes), "--out", str(blocked), "--date", DAY, "--shuffles", "0"]) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert str(blocked) in said


def test_a_full_disk_is_one_line_and_leaves_whole_lines_only(tapes: Path, tmp_path: Path) -> None:
    """A limit on file size is what a full disk looks like to a program: the write is refused."""
    out = tmp_path / "out"
    words = ["mock", "--data", str(tapes), "--out", str(out), "--date", DAY, "--shuffles", "0"]
    assert rung(*words, "--out", str(tmp_path / "first")).returncode == 0  # compiled kernels are cached by now
    done = subprocess.run(
        [*RUNG, *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=PROJECT,
        preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        ),
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    for path in out.glob("*.jsonl*"):
        assert path.read_bytes()[-1:] in (b"\n", b""), f"{path.name} ends in the middle of a line"


def test_ctrl_c_keeps_what_was_written_valid(tapes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["mock", "--data", str(tapes), "--out", str(out), "--date", DAY, "--shuffles", "1000"]
    process = subprocess.Popen(
        [*RUNG, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )
    deadline = time.monotonic() + 90
    while not list(out.glob("trades_*")) and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    for path in out.glob("*.jsonl*"):
        assert path.read_bytes()[-1:] in (b"\n", b"")


def test_a_second_run_of_the_same_days_in_one_folder_is_said_and_the_same_run_again_is_not(
    tapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*period: str) -> str:
        capsys.readouterr()
        words = ["mock", "--data", str(tapes), "--out", str(tmp_path), "--shuffles", "0", "--warm-up", "0", *period]
        assert main(words) == 0
        return capsys.readouterr().err

    both = ("--start-date", "2025-03-03", "--end-date", DAY)
    assert "note" not in said(*both)
    assert "journal_2025-03-03_2025-03-04.sqlite" in said("--date", DAY)
    assert "journal_2025-03-04_2025-03-04.sqlite" in said(*both)
    (tmp_path / "journal_2025-03-04_2025-03-04.sqlite").unlink()
    assert "note" not in said(*both)
