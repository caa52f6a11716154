"""Does the journal still say what it said when it was written?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rung.domain.errors import Tampered, UserError
from rung.journal.anchors import Anchor
from rung.journal.entry import KEYED, PREFIX, UNKEYED_GENESIS, Entry, Head, digest, genesis, preimage
from rung.journal.losses import Loss, concerned, losses_in
from rung.journal.store import FIRST, LAST, Reads, Row


class KeyMismatch(Tampered):
    """The chain does not belong to this key: the wrong key, or a journal somebody wrote anew without it."""


class AnchorBroken(Tampered):
    """The chain holds in itself, but an anchor remembers another entry at `seq`, or one where there is none."""

    def __init__(self, what: str, seq: int) -> None:
        super().__init__(what)
        self.seq = seq

    def __reduce__(self) -> tuple[type[AnchorBroken], tuple[str, int]]:
        return AnchorBroken, (self.what, self.seq)

    def explained(self, losses: Sequence[Loss]) -> Tampered:
        """The same, with the loss a recover noted when that took the entry: a person must know it from an edit."""
        loss = concerned(losses, self.seq)
        if loss is None:
            return self
        return Tampered(f"{self.what}; {loss}: what the anchor remembers was among them")


@dataclass(frozen=True, slots=True)
class Verified:
    """What held. `head` is None for an empty journal; `anchors` counts those that were compared.

    losses : what recoveries noted to be lost.   noted_end : False for an old export, which cannot tell that its end
    is missing.
    """

    entries: int
    head: Head | None
    anchors: int
    keyed: bool
    losses: tuple[Loss, ...] = ()
    noted_end: bool = True


class Share(NamedTuple):
    """The last entry of a share, and what recoveries noted in it."""

    head: Head
    losses: tuple[Loss, ...]


def verify(
    store: Reads,
    *,
    key: bytes | None = None,
    anchors: Sequence[Anchor] = (),
    progress: Callable[[int], None] | None = None,
) -> Verified:
    """Recompute every hash from the raw columns, compare with `anchors`, raise `Tampered` at the first bad entry.

    Finds edits, insertions, deletions and exchanged entries; a cut tail is found against the store's own note of its
    head (`head` raises) and, when that was doctored too, against an anchor. Somebody who recomputes the whole chain
    is found with a key or an anchor only. Only notes of recoveries are decoded and kept: memory is flat. `progress`
    hears every few thousand entries how many are done.
    """
    head, losses = Head(0, b""), list[Loss]()
    for head, _ in _checked(store, key, anchors, losses):
        if progress is not None:
            progress(head.seq)
    return Verified(head.seq, None if head.seq == 0 else head, len(anchors), key is not None, tuple(losses))


def verified_entries(store: Reads, *, key: bytes | None = None, anchors: Sequence[Anchor] = ()) -> Iterator[Entry]:
    """Every entry in order, each after it was checked as `verify` checks it; what is wrong at the end is raised there.

    For copies: whoever consumes it all without an error has copied what holds.
    """
    for _, batch in _checked(store, key, anchors, []):
        yield from map(Entry._make, batch)


def _checked(
    store: Reads, key: bytes | None, anchors: Sequence[Anchor], losses: list[Loss]
) -> Iterator[tuple[Head, Sequence[Row]]]:
    """(head so far, its last batch) to the end of the journal, which must be the end it notes; `losses` is added to."""
    noted, cut = _noted(store)
    told = sorted([*anchors, *noted])
    head = Head(0, genesis(key))
    try:
        for head, batch in _walked(store, (0, LAST), key, told, losses):
            yield head, batch
        _check_end(head, told)
    except AnchorBroken as broken:
        raise broken.explained(losses) from None
    if cut is not None:
        raise cut


def verify_share(store: Reads, after_seq: int, to_seq: int, key: bytes | None, told: Sequence[Anchor]) -> Share:
    """Verify the entries after `after_seq` up to `to_seq`, all of which must be there; `told` sorted by seq.

    The share hangs on the stored hash of entry `after_seq`, which whoever verifies the share before recomputes.
    """
    head, losses = Head(after_seq, b""), list[Loss]()
    for last, _ in _walked(store, (after_seq, to_seq), key, told, losses):
        head = last
    if head.seq < to_seq:
        _check_end(head, told)
        raise Tampered(f"entry {head.seq + 1} is missing")
    return Share(head, tuple(losses))


def _walked(
    store: Reads, bounds: tuple[int, int], key: bytes | None, told: Sequence[Anchor], losses: list[Loss]
) -> Iterator[tuple[Head, Sequence[Row]]]:
    """(head so far, its last batch), batch by batch; `losses` takes what recoveries noted while the chain holds."""
    after_seq, to_seq = bounds
    head = Head(0, genesis(key))
    if after_seq > 0:
        before = next(store.read(after_seq, after_seq), None)
        if before is None:
            raise Tampered(f"entry {after_seq} is missing")
        head = Head(after_seq, before.hash)
    for batch in store.batches(after_seq + 1 if after_seq else FIRST, to_seq):
        if head.seq == 0 and batch:
            check_key(Entry._make(batch[0]), key)
        try:
            head = walk(batch, head, key, told)
        except AnchorBroken:
            losses += losses_in(batch)
            raise
        losses += losses_in(batch)
        yield head, batch


def _noted(store: Reads) -> tuple[list[Anchor], Tampered | None]:
    """The head as the store has it now, to be met on the way: a desk may go on writing. Or what speaks against it."""
    try:
        head = store.head()
    except Tampered as cut:
        return [], cut
    return ([] if head is None else [Anchor(head.seq, head.hash, 0)]), None


def walk(batch: Sequence[Row], head: Head, key: bytes | None, told: Sequence[Anchor]) -> Head:
    """The head after `batch`, or Tampered: one preimage, one hash and three comparisons per entry.

    told : anchors, by seq; those of this batch are compared.
    """
    seq, last = head
    for row in batch:
        number, at_ns, kind, payload, prev_hash, stored = row
        if (
            number != seq + 1
            or prev_hash != last
            or kind not in PREFIX
            or digest(preimage(number, at_ns, kind, payload, prev_hash), key) != stored
        ):
            follow(Entry._make(row), Head(seq, last), key)
        seq, last = number, stored
    for anchor in told:
        if head.seq < anchor.seq <= seq:
            _compare(anchor, batch[anchor.seq - head.seq - 1])
    return Head(seq, last)


def follow(entry: Entry, head: Head, key: bytes | None) -> Head:
    """The head after `entry`, or Tampered with the entry named when it does not follow `head`."""
    if entry.seq != head.seq + 1 or entry.prev_hash != head.hash:
        raise Tampered(_broken_link(entry, head.seq + 1))
    if entry.kind not in PREFIX:
        raise Tampered(f"entry {entry.seq} was edited: {entry.kind!r} is no kind of entry")
    if not _holds(entry, entry.prev_hash, key):
        raise Tampered(f"entry {entry.seq} ({entry.kind}) was edited: its content does not match its hash")
    return Head(entry.seq, entry.hash)


def _broken_link(entry: Entry, expected: int) -> str:
    if entry.seq > expected:
        gone = f"entry {expected} is" if entry.seq == expected + 1 else f"entries {expected} to {entry.seq - 1} are"
        return (
            f"{gone} missing: {'the journal starts' if expected == 1 else f'{expected - 1} is followed'} at {entry.seq}"
        )
    if entry.seq < expected:
        return f"entry {entry.seq} comes again after entry {expected - 1}: entries were inserted or exchanged"
    named = f"entry {entry.seq} ({entry.kind})"
    return f"{named} does not follow entry {expected - 1}: one of them was edited, inserted or replaced"


def check_key(first: Entry, key: bytes | None) -> None:
    """Tell a wrong key from an edited journal, by what the first entry points back to."""
    begins = first.prev_hash
    if first.seq != 1 or begins == genesis(key):
        return
    recognised = begins.startswith(KEYED) or begins == UNKEYED_GENESIS
    if not recognised or (first.kind in PREFIX and _holds(first, genesis(key), key)):
        raise Tampered(f"entry 1 ({first.kind}) was edited: it points back to something else than a beginning")
    if key is None:
        raise UserError(
            "this journal is written with a key, and none was given", remedy="set RUNG_JOURNAL_KEY to its key"
        )
    if begins == UNKEYED_GENESIS:
        raise KeyMismatch("a key was given, but this journal is written without one, or was written anew without it")
    raise KeyMismatch("the key does not belong to this journal: the wrong key, or a journal written anew with another")


def _holds(entry: Entry, prev_hash: bytes, key: bytes | None) -> bool:
    message = preimage(entry.seq, entry.at_ns, entry.kind, entry.payload, prev_hash)
    return digest(message, key) == entry.hash


def _compare(anchor: Anchor, row: Row) -> None:
    if anchor.hash != row[5]:
        raise AnchorBroken(
            f"entry {anchor.seq} is not the one an anchor remembers: the journal was rewritten at or before it",
            anchor.seq,
        )


def _check_end(head: Head, told: Sequence[Anchor]) -> None:
    if told and told[-1].seq > head.seq:
        raise AnchorBroken(
            f"the end was cut off: entry {head.seq + 1} is missing, and an anchor remembers up to entry {told[-1].seq}",
            told[-1].seq,
        )
