"""Two runs over the same days in one folder: neither at once nor one after the other takes a journal away."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from tests.integration.mock_runs import PROJECT, RUNG, rung

from rung import BulletStore
from rung.apps.cli.main import main

DAY = "2025-03-03"
NAME = f"journal_{DAY}_{DAY}.sqlite"
SAID = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def tapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tapes")
    assert main(["data", "synth", "--output", str(folder), "--days", "1", "--start-date", DAY]) == 0
    return folder


def words(tapes: Path, out: Path) -> list[str]:
    return ["mock", "--data", str(tapes), "--out", str(out), "--date", DAY, "--shuffles", "0", "--warm-up", "0"]


def test_a_second_run_at_the_same_time_is_refused_and_the_first_is_unharmed(tapes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = subprocess.Popen(
        [*RUNG, *words(tapes, out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=PROJECT
    )
    try:
        deadline = time.monotonic() + 90
        while not list(out.glob("*.partial")) and time.monotonic() < deadline and first.poll() is None:
            time.sleep(0.002)
        os.kill(first.pid, signal.SIGSTOP)
        before = {path.name for path in out.iterdir()}
        second = rung(*words(tapes, out))
        assert {path.name for path in out.iterdir()} == before
    finally:
        os.kill(first.pid, signal.SIGCONT)
    _, said = first.communicate(timeout=120)
    assert second.returncode == 2, second.stderr
    assert f"already written to by rung mock (process {first.pid})" in second.stderr
    assert len(second.stderr.strip().splitlines()) == 1
    assert "--out" in second.stderr
    assert first.returncode == 0, said
    assert main(["journal", "verify", str(out / NAME)]) == 0
    assert main(["mock", *words(tapes, out)[1:]]) == 0
    assert not list(out.glob("*.lock"))


def test_another_run_over_the_same_days_sets_the_earlier_journal_aside(
    tapes: Path, tmp_path: Path, capsys: SAID
) -> None:
    assert main(words(tapes, tmp_path)) == 0
    before = (tmp_path / NAME).read_bytes()
    told = (tmp_path / f"{NAME}.anchors").read_bytes()
    capsys.readouterr()

    assert main([*words(tapes, tmp_path), "--capital", "50000"]) == 0
    (kept,) = (tmp_path / "earlier").glob("*.sqlite")
    assert kept.read_bytes() == before
    assert (tmp_path / "earlier" / f"{kept.name}.anchors").read_bytes() == told
    assert f"earlier/{kept.name}" in capsys.readouterr().err
    assert main(["journal", "verify", str(kept), "--json"]) == 0
    verified = capsys.readouterr().out
    head = kept.stem.rpartition("_")[2]
    assert len(head) == 12
    assert f'"head": "{head}' in verified
    assert main(["journal", "verify", str(tmp_path / NAME)]) == 0
    with BulletStore(tmp_path) as store, BulletStore(tmp_path / NAME) as alone, BulletStore(kept) as before_it:
        assert store.get_stats()["total"] == alone.get_stats()["total"] > 0  # the earlier run is not counted as well
        assert before_it.get_stats()["total"] > 0


def test_the_identical_run_replaces_silently(tapes: Path, tmp_path: Path, capsys: SAID) -> None:
    assert main(words(tapes, tmp_path)) == 0
    before = (tmp_path / NAME).read_bytes()
    capsys.readouterr()
    assert main(words(tapes, tmp_path)) == 0
    assert "earlier" not in capsys.readouterr().err
    assert not (tmp_path / "earlier").exists()
    assert (tmp_path / NAME).read_bytes() == before
    assert len((tmp_path / f"{NAME}.anchors").read_text().splitlines()) == 1


def test_every_earlier_journal_is_kept_even_one_that_cannot_be_read(tapes: Path, tmp_path: Path) -> None:
    for capital in ("50000", "60000", "50000"):
        assert main([*words(tapes, tmp_path), "--capital", capital]) == 0
    assert len(list((tmp_path / "earlier").glob("*.sqlite"))) == 2
    (tmp_path / NAME).write_bytes(b"rubbish" * 1000)
    assert main([*words(tapes, tmp_path), "--capital", "50000"]) == 0
    kept = [path.read_bytes() for path in (tmp_path / "earlier").glob("*.sqlite")]
    assert b"rubbish" * 1000 in kept
    assert len(kept) == 3
    shutil.rmtree(tmp_path / "earlier")
