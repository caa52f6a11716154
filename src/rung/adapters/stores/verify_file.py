"""Verification of a journal file, on as many cores as it pays for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from rung.adapters.stores.jsonl import JsonlReader
from rung.adapters.stores.sqlite import SqliteReader
from rung.domain.errors import Tampered
from rung.journal.anchors import Anchor
from rung.journal.losses import Loss, losses
from rung.journal.verify import AnchorBroken, Verified, verify, verify_share

SHARE = 100_000
"""Entries per piece of work."""


class _Share(NamedTuple):
    path: Path
    after_seq: int
    to_seq: int
    key: bytes | None
    told: tuple[Anchor, ...]


def file_reader(path: Path) -> SqliteReader | JsonlReader:
    """By its name: `.jsonl` is an exported journal, anything else a SQLite one."""
    return JsonlReader(path) if path.suffix == ".jsonl" else SqliteReader(path)


def verify_file(
    path: Path,
    *,
    key: bytes | None = None,
    anchors: Sequence[Anchor] = (),
    jobs: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Verified:
    """As `verify`, and with the same answers; a SQLite journal above 2 × SHARE entries is shared out to `jobs`
    processes (default: one per core). Every share starts from the stored hash of the entry before it, which the share
    before it recomputes.
    """
    jobs = jobs or len(os.sched_getaffinity(0))
    with closing(file_reader(path)) as reader:
        if isinstance(reader, JsonlReader):
            found = verify(reader, key=key, anchors=anchors, progress=progress)
            return replace(found, noted_end=reader.noted_end)
        if jobs == 1 or not _long_and_whole(reader):
            return verify(reader, key=key, anchors=anchors, progress=progress)
        head = reader.head()
        assert head is not None  # noqa: S101  (a long journal has one)
    told = tuple(sorted(anchors))
    shares = [_Share(path, n, min(n + SHARE, head.seq), key, told) for n in range(0, head.seq, SHARE)]
    try:
        lost = _shared_out(shares, jobs, progress)
        if told and told[-1].seq > head.seq:
            _verified(_Share(path, head.seq, told[-1].seq, key, told))
    except AnchorBroken as broken:
        with closing(SqliteReader(path)) as reader:
            raise broken.explained(losses(reader)) from None
    return Verified(head.seq, head, len(told), key is not None, lost)


def _shared_out(shares: Sequence[_Share], jobs: int, progress: Callable[[int], None] | None) -> tuple[Loss, ...]:
    lost: tuple[Loss, ...] = ()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for done, noted in _in_order(pool, shares):
            lost += noted
            if progress is not None:
                progress(done)
    return lost


def _long_and_whole(reader: SqliteReader) -> bool:
    try:
        head = reader.head()
    except Tampered:
        return False
    return head is not None and head.seq > 2 * SHARE


def _in_order(pool: ProcessPoolExecutor, shares: Sequence[_Share]) -> Iterator[tuple[int, tuple[Loss, ...]]]:
    """(end, losses noted) of finished shares in order, so that the first bad entry is the one that is named."""
    try:
        yield from pool.map(_verified, shares)
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise


def _verified(share: _Share) -> tuple[int, tuple[Loss, ...]]:
    with closing(SqliteReader(share.path)) as reader:
        found = verify_share(reader, share.after_seq, share.to_seq, share.key, share.told)
    return share.to_seq, found.losses
