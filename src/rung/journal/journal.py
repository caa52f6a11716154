"""The journal: what the desk did, in order, and nothing that can be changed afterwards.

journal = Journal(SqliteStore(path, writer="rung mock"), durability=Durability.grouped(256))
journal.append(Kind.RUN_OPENED, at_ns, {"config": config_id, ...})   # any mapping of plain values
for event in feed:
    journal.record(desk.step(event))                                  # -> Entry
journal.append(Kind.RUN_CLOSED, at_ns, {...})
journal.close()                                                       # commits
...
for step in steps(store):                                             # reading back, bit for bit
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from rung.domain.durable import Durable
from rung.domain.errors import Fatal, Tampered, UserError
from rung.domain.order import Order
from rung.domain.step import Step
from rung.domain.verdicts import Approved
from rung.journal.anchors import Anchor, Announce
from rung.journal.codec import decode, encode
from rung.journal.entry import Entry, Head, Kind, genesis, seal
from rung.journal.store import NotDurable, Reads, Store
from rung.journal.verify import check_key


class ClockWentBack(Fatal, UserError):
    """A decision is dated before the entry it would follow: no new risk until the clock is right again."""


@dataclass(frozen=True, slots=True)
class Durability:
    """How many entries share one commit; until then they are in memory only.

    An intent takes every entry before it to disk at once: its receipt means that it is there.
    """

    entries_per_commit: int
    EACH: ClassVar[Durability]

    def __post_init__(self) -> None:
        if self.entries_per_commit < 1:
            raise ValueError("entries_per_commit must be at least 1")

    @classmethod
    def grouped(cls, entries: int) -> Durability:
        """For replays: a crash may cost the open group, and the replay can be run again."""
        return cls(entries)


Durability.EACH = Durability(1)

_LOOK_BACK = 1_000
"""How many entries a restart reads to find the latest instant; a clock that went back is right again by then."""

_DECISIONS = frozenset({Kind.STEP, Kind.INTENT})


class Journal:
    """The one writer of one store.

    key : turns the chain into an HMAC; without it, a chain anybody can recompute (anchors still tell).
    Same calls, same entries, same head: the journal reads no clock and adds nothing of its own, save one `event`
    entry in front of a fact that is dated before the last entry.

    Time: `at_ns` may not fall below the last entry's. A step or an intent that does is refused (`ClockWentBack`),
    except a reduce-only intent: exits always pass. Everything else happened whatever the clock says; it is recorded
    as dated. `run_opened` starts a new time line: a replay of an earlier day may follow one of a later day.

    Once the store has failed, every later call raises `NotDurable`: what is in memory is ahead of the disk, and only
    a restart that reads the disk may go on.
    """

    def __init__(self, store: Store, *, key: bytes | None = None, durability: Durability = Durability.EACH) -> None:
        self._store = store
        self._key = key
        self._group = durability.entries_per_commit
        self._open: list[Entry] = []
        self._failed = False
        head = store.head()
        self._head = head if head is not None else Head(0, genesis(key))
        self._last_ns: int | None = None
        if head is not None:
            self._last_ns = _latest(store, head)
            first = next(store.read(1, 1), None)
            if first is None:
                raise Tampered("entry 1 is missing")
            check_key(first, key)

    @property
    def head(self) -> Head:
        """Seq and hash of the last entry written (in group mode perhaps not yet in the store)."""
        return self._head

    @property
    def last_ns(self) -> int | None:
        """The instant before which no decision may be dated; None in an empty journal."""
        return self._last_ns

    def append(self, kind: Kind, at_ns: int, payload: object) -> Entry:
        """Write one fact: a domain object or a mapping of plain values (see `codec`)."""
        return self._write(kind, at_ns, encode(payload), refusable=kind in _DECISIONS)

    def record(self, step: Step, at_ns: int | None = None) -> Entry:
        """Write everything the desk did to one event, dated by that event, or by when it was done in real time."""
        return self._write(Kind.STEP, step.event.at_ns if at_ns is None else at_ns, encode(step), refusable=True)

    def record_intent(self, approved: Approved[Order], at_ns: int) -> Durable[Approved[Order]]:
        """Put the intent on disk, then hand out the receipt a live sender asks for. The only maker of receipts."""
        opens_risk = not approved.order.reduce_only
        entry = self._write(Kind.INTENT, at_ns, encode(approved), refusable=opens_risk)
        self.commit()
        return Durable(approved, entry.seq, entry.hash)

    def anchor(self, announce: Announce, at_ns: int) -> Anchor:
        """Commit, tell the head to the outside, and note in the journal that it was told."""
        self.commit()
        anchor = Anchor(self._head.seq, self._head.hash, at_ns)
        announce.announce(anchor)
        self.append(Kind.ANCHOR, at_ns, {"seq": anchor.seq, "hash": anchor.hash.hex(), "where": announce.where})
        return anchor

    def commit(self) -> None:
        """Make every entry so far durable."""
        self._check_alive()
        if self._open:
            try:
                self._store.append(self._open)
                self._store.commit()
            except BaseException:
                self._failed = True
                raise
            self._open = []

    def close(self) -> None:
        """Commit and let go of the store."""
        try:
            if not self._failed:
                self.commit()
        finally:
            self._store.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_alive(self) -> None:
        if self._failed:
            raise NotDurable("the journal failed before; restart from what is on disk")

    def _write(self, kind: Kind, at_ns: int, payload: bytes, *, refusable: bool) -> Entry:
        self._check_alive()
        if self._last_ns is not None and at_ns < self._last_ns and kind is not Kind.RUN_OPENED:
            if refusable:
                raise ClockWentBack(f"a decision at {at_ns} cannot follow an entry at {self._last_ns}")
            noticed = {"event": "clock_went_back", "from_ns": self._last_ns, "to_ns": at_ns}
            self._chain(Kind.EVENT, self._last_ns, encode(noticed))
        else:
            self._last_ns = at_ns
        entry = self._chain(kind, at_ns, payload)
        if len(self._open) >= self._group:
            self.commit()
        return entry

    def _chain(self, kind: Kind, at_ns: int, payload: bytes) -> Entry:
        entry = seal(self._head, at_ns, kind, payload, self._key)
        self._open.append(entry)
        self._head = Head(entry.seq, entry.hash)
        return entry


def _latest(store: Reads, head: Head) -> int:
    """The last instant of the last run: that of its last entry, or later where a clock went back (which is noted)."""
    latest: int | None = None
    for entry in store.read(max(1, head.seq - _LOOK_BACK), head.seq):
        if latest is None or entry.kind == Kind.RUN_OPENED or entry.at_ns > latest:
            latest = entry.at_ns
    if latest is None:
        raise Tampered(f"entry {head.seq} is missing")
    return latest


def entries(store: Reads, kinds: Iterable[Kind] | None = None) -> Iterator[Entry]:
    """Entries in order; only those of `kinds` when given."""
    wanted = None if kinds is None else {kind.value for kind in kinds}
    for entry in store.read():
        if wanted is None or entry.kind in wanted:
            yield entry


def steps(store: Reads) -> Iterator[Step]:
    """Every recorded step in order, equal to the one that was recorded, streamed."""
    for entry in store.read():
        if entry.kind == Kind.STEP:
            yield decode(entry.payload)


def opened(entry: Entry) -> Any:
    """The payload of an entry as the thing that was recorded."""
    return decode(entry.payload)
