"""Does the journal still say what it said when it was written?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from rung.domain.errors import Tampered, UserError
from rung.journal.anchors import Anchor
from rung.journal.entry import UNKEYED_GENESIS, Entry, Head, digest, genesis, preimage
from rung.journal.store import Store

_BATCH = 20_000


class KeyMismatch(Tampered):
    """The chain does not belong to this key: the wrong key, or a journal somebody wrote anew without it."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What held. `head` is None for an empty journal; `anchors` counts those that were compared."""

    entries: int
    head: Head | None
    anchors: int
    keyed: bool


def verify(
    store: Store,
    *,
    key: bytes | None = None,
    anchors: Sequence[Anchor] = (),
    progress: Callable[[int], None] | None = None,
) -> Verified:
    """Recompute every hash from the raw columns, compare with `anchors`, raise `Tampered` at the first bad entry.

    Finds edits, insertions, deletions and exchanged entries; a cut tail is found against the store's own note of its
    head and, when that was doctored too, against an anchor. Somebody who recomputes the whole chain is found with a
    key or an anchor only. Nothing is decoded and nothing is kept: memory is flat. `progress` hears how many entries
    are done, every 20,000.
    """
    remembered = {anchor.seq: anchor for anchor in anchors}
    rows = iter(store.read())
    head = Head(0, genesis(key))
    first = True
    while batch := list(islice(rows, _BATCH)):
        if first:
            check_key(batch[0], key)
            first = False
        head = _walk(batch, head, key)
        for seq in [s for s in remembered if batch[0].seq <= s <= head.seq]:
            _compare(remembered[seq], batch[seq - batch[0].seq])
        if progress is not None:
            progress(head.seq)
    _check_end(head, store.head(), anchors)
    return Verified(head.seq, None if head.seq == 0 else head, len(remembered), key is not None)


def _walk(batch: Sequence[Entry], head: Head, key: bytes | None) -> Head:
    """The hot loop: one preimage, one hash, three comparisons per entry."""
    seq, last = head
    for entry in batch:
        number, at_ns, kind, payload, prev_hash, stored = entry
        seq += 1
        if number != seq or prev_hash != last:
            raise Tampered(_broken_link(entry, seq, last))
        try:
            computed = digest(preimage(seq, at_ns, kind, payload, prev_hash), key)
        except KeyError:
            raise Tampered(f"entry {seq} was edited: {kind!r} is no kind of entry") from None
        if computed != stored:
            raise Tampered(f"entry {seq} ({kind}) was edited: its content does not match its hash")
        last = stored
    return Head(seq, last)


def _broken_link(entry: Entry, expected: int, last: bytes) -> str:
    if entry.seq > expected:
        gone = f"entry {expected} is" if entry.seq == expected + 1 else f"entries {expected} to {entry.seq - 1} are"
        return (
            f"{gone} missing: {'the journal starts' if expected == 1 else f'{expected - 1} is followed'} at {entry.seq}"
        )
    if entry.seq < expected:
        return f"entry {entry.seq} comes again after entry {expected - 1}: entries were inserted or exchanged"
    return f"entry {entry.seq} ({entry.kind}) does not follow entry {expected - 1}: one of them was edited, inserted or replaced"


def check_key(first: Entry, key: bytes | None) -> None:
    """Tell a wrong key from an edited journal, by what the first entry points back to."""
    if first.seq != 1 or first.prev_hash == genesis(key):
        return
    if _holds(first, genesis(key), key):
        raise Tampered("entry 1 was edited: it points back to something else than the beginning")
    if key is None:
        raise UserError(
            "this journal is written with a key, and none was given", remedy="set RUNG_JOURNAL_KEY to its key"
        )
    if first.prev_hash == UNKEYED_GENESIS:
        raise KeyMismatch("a key was given, but this journal is written without one, or was written anew without it")
    raise KeyMismatch("the key does not belong to this journal: the wrong key, or a journal written anew with another")


def _holds(entry: Entry, prev_hash: bytes, key: bytes | None) -> bool:
    try:
        return digest(preimage(entry.seq, entry.at_ns, entry.kind, entry.payload, prev_hash), key) == entry.hash
    except KeyError:
        return False


def _compare(anchor: Anchor, entry: Entry) -> None:
    if anchor.hash != entry.hash:
        raise Tampered(
            f"entry {entry.seq} is not the one an anchor remembers: the journal was rewritten at or before it"
        )


def _check_end(head: Head, noted: Head | None, anchors: Sequence[Anchor]) -> None:
    last = max(anchors, key=lambda anchor: anchor.seq, default=None)
    if last is not None and last.seq > head.seq:
        raise Tampered(
            f"the end was cut off: entry {head.seq + 1} is missing, and an anchor remembers up to entry {last.seq}"
        )
    if noted is not None and noted.seq > head.seq:
        raise Tampered(
            f"the end was cut off: entry {head.seq + 1} is missing, and the journal notes its head at entry {noted.seq}"
        )
    if noted is not None and noted != head:
        raise Tampered(f"entry {head.seq} is not the head the journal notes (entry {noted.seq})")
