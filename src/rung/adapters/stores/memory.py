"""A journal that lives as long as the process: for tests, sweeps and runs nobody will ask about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rung.journal.entry import Entry, Head
from rung.journal.store import LAST, NotDurable, Row, check_follows


class MemoryStore:
    """Keeps entries in a list. `commit` promises nothing: there is no disk."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._closed = False

    def append(self, entries: Sequence[Entry]) -> None:
        if self._closed:
            raise NotDurable("the journal is closed")
        check_follows(self.head(), entries)
        self._entries.extend(entries)

    def commit(self) -> None:
        if self._closed:
            raise NotDurable("the journal is closed")

    def read(self, from_seq: int = 1, to_seq: int | None = None) -> Iterator[Entry]:
        last = LAST if to_seq is None else to_seq
        return (entry for entry in self._entries if from_seq <= entry.seq <= last)

    def batches(self, from_seq: int, to_seq: int) -> Iterator[Sequence[Row]]:
        yield list(self.read(from_seq, to_seq))

    def head(self) -> Head | None:
        if not self._entries:
            return None
        last = self._entries[-1]
        return Head(last.seq, last.hash)

    def close(self) -> None:
        self._closed = True
