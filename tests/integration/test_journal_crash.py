"""kill -9 at random moments: every append that was acknowledged is there afterwards, and the chain goes on (P1)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tests.unit.journal.made import KEY

from rung.adapters.stores.sqlite import SqliteReader, SqliteStore
from rung.domain.errors import UserError
from rung.journal.entry import Kind
from rung.journal.journal import Journal, opened
from rung.journal.verify import verify

ROOT = Path(__file__).resolve().parents[2]

WRITER = """
import sys
from pathlib import Path
from tests.unit.journal.made import KEY, OPEN, approved, step
from rung.adapters.stores.sqlite import SqliteStore
from rung.journal.entry import Kind
from rung.journal.journal import Durability, Journal

path, group = Path(sys.argv[1]), int(sys.argv[2])
journal = Journal(SqliteStore(path, writer="victim"), key=KEY, durability=Durability.grouped(group))
journal.append(Kind.RUN_OPENED, OPEN, {})
journal.commit()
n = journal.head.seq
while True:
    n += 1
    if group == 1:
        seq = journal.record(step(n)).seq
    else:
        journal.record(step(n))
        seq = journal.record_intent(approved(n), OPEN + n * 60_000_000_000).seq
    sys.stdout.write(f"{seq}\\n")
    sys.stdout.flush()
"""


def killed_writer(path: Path, group: int, acknowledgements: int, more_seconds: float) -> list[int]:
    """Let a writer acknowledge some appends, kill it a moment later, and give back everything it acknowledged."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(group)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(acknowledgements)]
        time.sleep(more_seconds)
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        assert writer.wait() == -signal.SIGKILL
    return told


@pytest.mark.parametrize("group", [1, 1_000])
def test_every_acknowledged_append_survives(tmp_path: Path, group: int) -> None:
    path = tmp_path / "journal.db"
    chance = np.random.default_rng(group)
    before = 0
    for _ in range(5):
        told = killed_writer(path, group, int(chance.integers(1, 40)), float(chance.uniform(0, 0.02)))
        with closing(SqliteReader(path)) as reader:
            found = verify(reader, key=KEY)
            assert found.entries >= max(told)
            assert found.entries <= max(told) + 3
            assert found.entries > before
            kinds = {e.seq: e.kind for e in reader.read()}
        assert {kinds[seq] for seq in told} == {Kind.STEP if group == 1 else Kind.INTENT}
        before = found.entries
    journal = Journal(SqliteStore(path, writer="next"), key=KEY)
    journal.append(Kind.RUN_OPENED, 0, {"after": "five crashes"})
    journal.close()
    with closing(SqliteReader(path)) as reader:
        assert verify(reader, key=KEY).entries == before + 1


def test_a_receipt_that_was_handed_out_can_be_read_back_after_a_crash(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    told = killed_writer(path, 1_000, 3, 0.0)
    with closing(SqliteReader(path)) as reader:
        intents = [opened(e) for e in reader.read() if e.kind == Kind.INTENT and e.seq in told]
    assert [a.order.order_id for a in intents] == [f"o-{2 + i}" for i in range(len(told))]


def test_a_live_writer_keeps_every_other_process_out_and_a_dead_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), "1"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        with pytest.raises(UserError, match=rf"already written to by victim \(process {writer.pid}\)"):
            SqliteStore(path, writer="second")
        os.kill(writer.pid, signal.SIGKILL)
        writer.wait()
    SqliteStore(path, writer="second").close()
