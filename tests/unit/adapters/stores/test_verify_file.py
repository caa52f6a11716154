"""Verification shared out to processes says what one process says."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from tests.unit.adapters.stores.test_sqlite import doctored
from tests.unit.journal.made import KEY, OPEN

from rung.adapters.stores import verify_file as module
from rung.adapters.stores.jsonl import JsonlReader, export
from rung.adapters.stores.recover import recover
from rung.adapters.stores.sqlite import SqliteReader, SqliteStore
from rung.adapters.stores.verify_file import file_reader, verify_file
from rung.domain.errors import Tampered
from rung.journal.anchors import Anchor
from rung.journal.entry import Kind
from rung.journal.journal import Durability, Journal
from rung.journal.losses import Loss


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "SHARE", 100)
    path = tmp_path / "journal.db"
    with Journal(SqliteStore(path, writer="test"), key=KEY, durability=Durability.grouped(500)) as journal:
        for n in range(350):
            journal.append(Kind.EVENT, OPEN + n, {"n": n})
    return path


def test_a_file_is_read_by_its_name(path: Path, tmp_path: Path) -> None:
    reader = file_reader(path)
    assert isinstance(reader, SqliteReader)
    export(reader.read(), tmp_path / "j.jsonl")
    reader.close()
    assert isinstance(file_reader(tmp_path / "j.jsonl"), JsonlReader)
    assert verify_file(tmp_path / "j.jsonl", key=KEY, jobs=2).entries == 350


def test_the_answer_does_not_depend_on_the_number_of_processes(path: Path) -> None:
    heard = list[int]()
    alone = verify_file(path, key=KEY, jobs=1)
    shared = verify_file(path, key=KEY, jobs=2, progress=heard.append)
    assert shared == alone
    assert shared.entries == 350
    assert heard == [100, 200, 300, 350]


def test_the_first_bad_entry_is_named_though_a_later_share_is_bad_too(path: Path) -> None:
    doctored(path, "UPDATE entries SET at_ns = 5 WHERE seq IN (120, 320)")
    with pytest.raises(Tampered, match="entry 120"):
        verify_file(path, key=KEY, jobs=2)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ("UPDATE entries SET hash = zeroblob(32) WHERE seq = 100", "entry 100 "),
        ("UPDATE entries SET prev_hash = zeroblob(32) WHERE seq = 101", "entry 101 "),
        ("DELETE FROM entries WHERE seq = 100", "entry 100 is missing"),
        ("DELETE FROM entries WHERE seq = 101", "entry 101 is missing"),
        ("DELETE FROM entries WHERE seq > 340", "entry 341 is missing"),
        ("INSERT INTO entries SELECT -1, at_ns, kind, payload, prev_hash, hash FROM entries WHERE seq = 1", "entry -1"),
    ],
)
def test_edits_at_the_seams_are_found(path: Path, edit: str, said: str) -> None:
    doctored(path, edit)
    for jobs in (1, 2):
        with pytest.raises(Tampered) as caught:
            verify_file(path, key=KEY, jobs=jobs)
        assert said in str(caught.value)


def test_anchors_are_compared_in_every_share_and_beyond_the_end(path: Path) -> None:
    reader = file_reader(path)
    entries = list(reader.read())
    reader.close()
    told = [Anchor(e.seq, e.hash, e.at_ns) for e in entries if e.seq in (1, 100, 101, 350)]
    assert verify_file(path, key=KEY, anchors=told, jobs=2).anchors == 4
    for wrong in (Anchor(100, bytes(32), OPEN), Anchor(101, bytes(32), OPEN), Anchor(351, bytes(32), OPEN)):
        with pytest.raises(Tampered, match=f"entry {wrong.seq}"):
            verify_file(path, key=KEY, anchors=[*told, wrong], jobs=2)


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_noted_loss_is_told_and_explains_an_anchor_that_remembers_it(path: Path, jobs: int) -> None:
    with closing(file_reader(path)) as reader:
        gone = next(iter(reader.read(350, 350)))
    whole = path.read_bytes()
    path.write_bytes(whole[:-4_096])
    found = recover(path, key=KEY)
    assert found.kept > 200
    with Journal(SqliteStore(path, writer="recover"), key=KEY) as journal:
        said = {"kept": found.kept, "lost": found.lost, "reason": found.reason}
        journal.append(Kind.RECOVERED, OPEN + 1_000, said)
        assert verify_file(path, key=KEY, jobs=jobs).losses == (Loss(found.kept + 1, *said.values()),)
        with pytest.raises(Tampered, match=f"remembers up to entry 350; entry {found.kept + 1} notes .* among them"):
            verify_file(path, key=KEY, anchors=[Anchor(350, gone.hash, OPEN)], jobs=jobs)
        for n in range(found.lost or 0):
            journal.append(Kind.EVENT, OPEN + 2_000 + n, {})
        with pytest.raises(Tampered, match=f"entry 350 is not the one .* lost {found.lost} entries after"):
            verify_file(path, key=KEY, anchors=[Anchor(350, gone.hash, OPEN)], jobs=jobs)
        with pytest.raises(Tampered) as caught:
            verify_file(path, key=KEY, anchors=[Anchor(5, gone.hash, OPEN)], jobs=jobs)
        assert "recover" not in str(caught.value)
