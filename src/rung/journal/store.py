"""The Store port: where entries are kept. Memory, SQLite and PostgreSQL pass the same contract suite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from rung.domain.errors import Fatal, UserError
from rung.journal.entry import Entry, Head

Row = tuple[int, int, str, bytes, bytes, bytes]

FIRST, LAST = -(2**63), 2**63 - 1
"""Bounds of any seq a table can hold. Verification starts at FIRST: an entry smuggled in before 1 shows."""


class NotDurable(Fatal, UserError):
    """What was handed to the store is not safe on disk: nothing may be sent on the strength of it.

    The desk stops, and the person at the keyboard must make room, mount the disk or restart.
    """


class Fenced(NotDurable):
    """Another writer has taken this journal over; this one may never write to it again."""


class Reads(Protocol):
    """A journal one may look into."""

    def read(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[Entry]:
        """Entries in order of seq, both ends included, streamed: memory does not grow with the journal."""
        ...

    def batches(self, from_seq: int, to_seq: int) -> Iterator[Sequence[Row]]:
        """The same in lists of plain tuples, in the columns of `Entry`: for verification, which counts microseconds."""
        ...

    def head(self) -> Head | None:
        """The last entry's seq and hash; None in an empty store."""
        ...

    def close(self) -> None:
        """Let go of the journal, committing what is open. May be called twice."""
        ...


class Store(Reads, Protocol):
    """A journal one may add to, and nothing else. Entries are seen by `read` at once, durable after `commit`.

    `append` takes entries that follow `head` without a hole and refuses others (ValueError). It raises `NotDurable`
    when the disk is full, read-only or broken, and `Fenced` when another writer holds the journal by now; then
    nothing of the open group remains.
    """

    def append(self, entries: Sequence[Entry]) -> None: ...

    def commit(self) -> None: ...


def check_follows(head: Head | None, entries: Sequence[Entry]) -> None:
    """Refuse entries that would leave a hole, repeat a number or hang on another chain (ValueError)."""
    seq, last = (head.seq, head.hash) if head is not None else (0, None)
    for entry in entries:
        if entry.seq != seq + 1:
            raise ValueError(f"entry {entry.seq} cannot follow entry {seq}")
        if last is not None and entry.prev_hash != last:
            raise ValueError(f"entry {entry.seq} does not hang on entry {seq}")
        seq, last = entry.seq, entry.hash
