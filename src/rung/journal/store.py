"""The Store port: where entries are kept. Memory, SQLite and PostgreSQL pass the same contract suite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from rung.domain.errors import Fatal
from rung.journal.entry import Entry, Head


class NotDurable(Fatal):
    """What was handed to the store is not safe on disk: nothing may be sent on the strength of it."""


class Fenced(NotDurable):
    """Another writer has taken this journal over; this one may never write to it again."""


class Store(Protocol):
    """Append-only. Entries are visible to `read` at once and durable after `commit`.

    `append` takes entries that follow `head` without a hole and refuses others (ValueError). It raises `NotDurable`
    when the disk is full, read-only or broken, and `Fenced` when another writer holds the journal by now; then
    nothing of the open group remains.
    """

    def append(self, entries: Sequence[Entry]) -> None: ...

    def commit(self) -> None: ...

    def read(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[Entry]:
        """Entries in order of seq, both ends included, streamed: memory does not grow with the journal."""
        ...

    def head(self) -> Head | None:
        """The last entry's seq and hash; None in an empty store."""
        ...

    def close(self) -> None:
        """Commit what is open and let go of the journal. May be called twice."""
        ...


def check_follows(head: Head | None, entries: Sequence[Entry]) -> None:
    """Refuse entries that would leave a hole, repeat a number or hang on another chain (ValueError)."""
    seq, last = (head.seq, head.hash) if head is not None else (0, None)
    for entry in entries:
        if entry.seq != seq + 1:
            raise ValueError(f"entry {entry.seq} cannot follow entry {seq}")
        if last is not None and entry.prev_hash != last:
            raise ValueError(f"entry {entry.seq} does not hang on entry {seq}")
        seq, last = entry.seq, entry.hash
