"""Anchors: heads told outside of the journal."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.journal.made import OPEN, small_journal

from rung.adapters.stores.memory import MemoryStore
from rung.domain.errors import UserError
from rung.journal.anchors import Anchor, AnchorFile
from rung.journal.entry import Kind
from rung.journal.journal import Journal, entries, opened
from rung.journal.store import NotDurable
from rung.journal.verify import verify


def test_a_head_is_told_to_the_file_and_noted_in_the_journal(tmp_path: Path) -> None:
    store, file = MemoryStore(), AnchorFile(tmp_path / "heads.txt")
    journal = small_journal(store)
    head = journal.head
    told = journal.anchor(file, OPEN + 100)
    journal.commit()
    assert told == Anchor(8, head.hash, OPEN + 100)
    assert file.read() == [told]
    (noted,) = entries(store, [Kind.ANCHOR])
    assert opened(noted) == {"seq": 8, "hash": head.hash.hex(), "where": "file heads.txt"}
    assert verify(store, anchors=file.read()).anchors == 1


def test_lines_are_added_never_replaced(tmp_path: Path) -> None:
    file = AnchorFile(tmp_path / "heads.txt")
    anchors = [Anchor(n, bytes([n]) * 32, OPEN + n) for n in range(1, 4)]
    for anchor in anchors:
        AnchorFile(file.path).announce(anchor)
    assert file.read() == anchors
    assert file.path.read_text().splitlines()[0] == f"rung-anchor 1 1 {'01' * 32} {OPEN + 1}"


@pytest.mark.parametrize(
    "line",
    [
        "x",
        "rung-anchor 1 1 ab 5",
        "rung-anchor 2 1 " + "00" * 32 + " 5",
        "rung-anchor 1 one " + "00" * 32 + " 5",
        "rung-anchor 1 -4 " + "00" * 32 + " 5",
        "rung-anchor 1 0 " + "00" * 32 + " 5",
        "rung-anchor 1 1_0 " + "00" * 32 + " 5",
    ],
)
def test_a_line_that_is_no_anchor_is_an_error_with_its_place(tmp_path: Path, line: str) -> None:
    path = tmp_path / "heads.txt"
    path.write_text(f"rung-anchor 1 1 {'01' * 32} 7\n{line}\n")
    with pytest.raises(UserError, match=r"heads\.txt:2: not an anchor"):
        AnchorFile(path).read()


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_a_file_without_an_anchor_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "heads.txt").write_text(content)
    with pytest.raises(UserError, match="holds no anchor"):
        AnchorFile(tmp_path / "heads.txt").read()


def test_an_empty_journal_has_no_head_to_tell(tmp_path: Path) -> None:
    journal = Journal(MemoryStore())
    with pytest.raises(ValueError, match="no head to tell"):
        journal.anchor(AnchorFile(tmp_path / "heads.txt"), OPEN)
    assert not (tmp_path / "heads.txt").exists()


def test_a_file_that_is_not_there_or_not_writable_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read the anchor file"):
        AnchorFile(tmp_path / "none").read()
    with pytest.raises(NotDurable, match="cannot write the anchor file"):
        AnchorFile(tmp_path / "no" / "folder").announce(Anchor(1, bytes(32), OPEN))
