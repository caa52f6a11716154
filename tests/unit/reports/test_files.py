"""Files appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.reports.small_disk import largest_file

from rung.domain.errors import UserError
from rung.reports.files import LineFile, write_atomically


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")
    write_atomically(path, b"new")
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (b"new", [path])


def test_a_failed_write_keeps_the_old_file_and_leaves_no_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(UserError, match="No space left"):
        write_atomically(path, b"new")
    assert (path.read_text(), list(tmp_path.iterdir())) == ("old", [path])


def test_a_file_cut_in_the_middle_of_a_line_goes_back_to_its_last_whole_line(tmp_path: Path) -> None:
    file = LineFile(tmp_path / "lines.jsonl")
    file.add(b'{"a":1}\n{"b":2}\n')
    with largest_file(10), pytest.raises(UserError, match=r"lines\.jsonl\.partial: cannot write"):
        file.flush()
    assert (tmp_path / "lines.jsonl.partial").read_bytes() == b'{"a":1}\n'
    file.add(b'{"c":3}\n')
    file.close(complete=True)
    assert (tmp_path / "lines.jsonl").read_bytes() == b'{"a":1}\n{"c":3}\n'
