"""What was written is read back as it was folded: no second simulation, no second truth."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from tests.unit.reports.stream import SIX, about, busy_run, folded, small_run

from rung.domain.errors import UserError
from rung.reports.metrics import measure
from rung.reports.recorded import read_sessions, recorded_dates
from rung.reports.sessions import SessionFiles, session_file

DATES = ("2025-09-15", "2025-09-16")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with SessionFiles(tmp_path, about()) as session_files:
        for step in small_run():
            session_files.see(step)
    return tmp_path


@pytest.mark.parametrize("name", ["small", "busy"])
def test_a_run_read_back_has_the_figures_it_was_folded_to(tmp_path: Path, name: str) -> None:
    steps = list(small_run() if name == "small" else busy_run(days=2, bars=120))
    with SessionFiles(tmp_path, about(SIX)) as session_files:
        for step in steps:
            session_files.see(step)
    record = folded(steps)
    read = read_sessions(tmp_path, record.dates).record
    for ours, theirs in zip(read.days, record.days, strict=True):
        for name in ("at_ns", "equity_quote", "confidence_mean", "confidence_max", "strength_mean", "strength_max"):
            assert np.array_equal(getattr(ours, name), getattr(theirs, name), equal_nan=True), name
        assert np.allclose(ours.exposure_frac, theirs.exposure_frac, rtol=1e-12)
        for name in ("date", "start_equity_quote", "end_equity_quote", "legs", "trades", "refused", "notes"):
            assert getattr(ours, name) == getattr(theirs, name), name
    ours, theirs = (measure(r, (), np.random.default_rng(7)) for r in (read, record))
    for field in fields(ours):
        if field.name in ("returns", "costs", "beliefs", "refused", "refused_orders"):
            assert getattr(ours, field.name) == getattr(theirs, field.name), field.name


def test_only_complete_sessions_are_recorded(folder: Path) -> None:
    (folder / "positions_2025-09-17.jsonl.partial").write_text("{}\n")
    (folder / "positions_notes.jsonl").write_text("{}\n")
    assert recorded_dates(folder) == DATES


def test_a_folder_that_is_not_there_is_a_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        recorded_dates(tmp_path / "nowhere")


def test_the_configuration_and_the_synthetic_mark_are_read_back(tmp_path: Path) -> None:
    with SessionFiles(tmp_path, about(synthetic=True)) as session_files:
        for step in small_run():
            session_files.see(step)
    recording = read_sessions(tmp_path, DATES)
    assert (recording.config_ids, recording.synthetic, recording.warnings) == (("c0ffee123456",), True, ())


def test_sessions_of_two_runs_beside_each_other_are_doubted(folder: Path) -> None:
    path = session_file(folder, "positions", DATES[1])
    path.write_text(path.read_text("utf-8").replace('"session_start_equity":99899.00', '"session_start_equity":50000'))
    (warning,) = read_sessions(folder, DATES).warnings
    assert "recorded by different runs" in warning


def test_a_damaged_line_is_named_by_file_and_number(folder: Path) -> None:
    path = session_file(folder, "trades", DATES[0])
    lines = path.read_text("utf-8").splitlines()
    lines[2] = lines[2][:40]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(UserError, match=r"trades_2025-09-15\.jsonl:3: not a recorded line"):
        read_sessions(folder, DATES)


def test_a_word_that_means_nothing_is_named_by_file_and_number(folder: Path) -> None:
    path = session_file(folder, "trades", DATES[0])
    path.write_text(path.read_text("utf-8").replace('"decision":"ENTER_SHORT"', '"decision":"JUMP"'))
    with pytest.raises(UserError, match=r"trades_2025-09-15\.jsonl:3: 'JUMP'"):
        read_sessions(folder, DATES)


@pytest.mark.parametrize("kind", ["signals", "decisions", "trades"])
def test_a_missing_file_is_not_guessed(folder: Path, kind: str) -> None:
    session_file(folder, kind, DATES[1]).unlink()
    with pytest.raises(UserError, match=f"{kind}_2025-09-16.jsonl: the recording is incomplete"):
        read_sessions(folder, DATES)


def test_an_empty_session_is_an_error(folder: Path) -> None:
    session_file(folder, "positions", DATES[0]).write_text("")
    with pytest.raises(UserError, match="the session is empty"):
        read_sessions(folder, DATES)


def test_a_signal_of_no_slice_is_an_error(folder: Path) -> None:
    path = session_file(folder, "signals", DATES[0])
    path.write_text(path.read_text("utf-8").replace('"timestamp_ms":1757943120000', '"timestamp_ms":1757943120001'))
    with pytest.raises(UserError, match="belongs to no recorded slice"):
        read_sessions(folder, DATES)
