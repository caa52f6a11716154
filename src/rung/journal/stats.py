"""What is in a journal, counted from the columns without reading a payload."""

from __future__ import annotations

from dataclasses import dataclass

from rung.journal.store import FIRST, LAST, Reads


@dataclass(frozen=True, slots=True)
class Stats:
    """kinds : entries and payload bytes by kind, in order of first appearance. first_ns, last_ns : None when empty."""

    entries: int
    payload_bytes: int
    first_ns: int | None
    last_ns: int | None
    kinds: dict[str, tuple[int, int]]


def stats(store: Reads) -> Stats:
    """One pass, memory flat."""
    entries = size = 0
    first_ns: int | None = None
    last_ns: int | None = None
    kinds: dict[str, tuple[int, int]] = {}
    for batch in store.batches(FIRST, LAST):
        for _, at_ns, kind, payload, _, _ in batch:
            number, length = kinds.get(kind, (0, 0))
            kinds[kind] = (number + 1, length + len(payload))
            entries += 1
            size += len(payload)
            first_ns = at_ns if first_ns is None else min(first_ns, at_ns)
            last_ns = at_ns if last_ns is None else max(last_ns, at_ns)
    return Stats(entries, size, first_ns, last_ns, kinds)
