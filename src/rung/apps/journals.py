"""Which journal a person means: a file, or a name in the database of several machines."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from rung.adapters.stores.verify_file import file_reader, verify_file
from rung.domain.errors import UserError
from rung.journal.anchors import Anchor, AnchorFile
from rung.journal.verify import Verified, verify

if TYPE_CHECKING:
    from rung.adapters.stores.jsonl import JsonlReader
    from rung.adapters.stores.postgres import PostgresReader
    from rung.adapters.stores.sqlite import SqliteReader

DATABASE_VARIABLE = "RUNG_DATABASE"
"""Holds the libpq connection string. Never an argument: it may carry a password, and arguments are seen by everyone."""

SERVER = "postgresql:"


def open_journal(place: str) -> SqliteReader | JsonlReader | PostgresReader:
    """`postgresql:NAME` is in the database named by RUNG_DATABASE; anything else is a file. Raises UserError."""
    if not place.startswith(SERVER):
        return file_reader(Path(place))
    dsn = os.environ.get(DATABASE_VARIABLE, "")
    if not dsn:
        raise UserError(
            "no database is named",
            where=DATABASE_VARIABLE,
            remedy='set it, for example to "host=… dbname=… user=…"',
        )
    from rung.adapters.stores.postgres import PostgresReader

    return PostgresReader(dsn, journal=place.removeprefix(SERVER))


def a_file(place: str) -> Path:
    """For what can be done with files only. Raises UserError."""
    if place.startswith(SERVER):
        raise UserError(
            "this is done with a journal file",
            where=place,
            remedy="`rung journal export` works for the database; its server's own tools copy all of it",
        )
    return Path(place)


def verify_journal(
    place: str,
    *,
    key: bytes | None,
    anchors: Path | None,
    jobs: int | None,
    progress: Callable[[int], None] | None,
) -> Verified:
    """Recompute the whole chain and compare the anchors: those of `anchors`, else those beside a file."""
    told = known_anchors(place, anchors)
    if not place.startswith(SERVER):
        return verify_file(Path(place), key=key, anchors=told, jobs=jobs, progress=progress)
    with closing(open_journal(place)) as reader:
        return verify(reader, key=key, anchors=told, progress=progress)


def known_anchors(place: str, given: Path | None) -> Sequence[Anchor]:
    if given is not None:
        return list(AnchorFile(given).read())
    if place.startswith(SERVER):
        return []
    beside = Path(place + ".anchors")
    return list(AnchorFile(beside).read()) if beside.exists() else []
