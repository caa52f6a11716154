"""The journal of a mock run: a draft while it lasts, its place when it is whole, and never in another run's way."""

from __future__ import annotations

import filecmp
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from rung.adapters.stores.file_lease import FileLease
from rung.adapters.stores.sqlite import SqliteReader, SqliteStore
from rung.apps.journal_key import journal_key
from rung.domain.errors import UserError
from rung.journal.anchors import AnchorFile
from rung.journal.journal import Durability, Journal
from rung.journal.lease import Taken
from rung.reports.files import make_folder

EARLIER = "earlier"
"""The folder, beside the journals of a run, of those another run took the place of."""

ENTRIES_PER_COMMIT = 400
_WRITER = "rung mock"
_HEAD_DIGITS = 12
_BESIDE = ("-wal", "-shm")


@contextmanager
def sole_run(folder: Path) -> Iterator[None]:
    """One run at a time in a folder: two would write the same session files and reports. UserError for the second."""
    make_folder(folder)
    try:
        lease = FileLease(folder / "mock.lock", _WRITER)
    except Taken as taken:
        raise UserError(
            taken.what, where=str(folder), remedy="wait until that one has ended, or give each run its own --out"
        ) from None
    try:
        yield
    finally:
        lease.release(remove=True)


class JournalDraft:
    """The journal of the run that holds the folder. Nothing at `path` is touched before `finish`."""

    def __init__(self, path: Path) -> None:
        """Begin anew: a draft left by an interrupted run is replaced."""
        self._path = path
        self._draft = path.with_suffix(".partial")
        self._anchors = _beside(self._draft, ".anchors")
        for stale in (self._draft, self._anchors, *(_beside(self._draft, end) for end in _BESIDE)):
            stale.unlink(missing_ok=True)
        store = SqliteStore(self._draft, writer=_WRITER)
        self.journal = Journal(store, key=journal_key(), durability=Durability.grouped(ENTRIES_PER_COMMIT))

    def anchor(self, at_ns: int) -> None:
        """Tell the head to the file of anchors that will lie beside the journal."""
        file = AnchorFile(self._anchors)
        file.where = f"file {self._path.name}.anchors"
        self.journal.anchor(file, at_ns)

    def close(self) -> None:
        self.journal.close()

    def finish(self) -> Path | None:
        """Close the draft and give it its name. Answers where the journal is now that had the name, when that was
        another one: a journal is never lost because a run was repeated.
        """
        self.close()
        earlier = None
        same = _head(self._path) == self.journal.head.hash.hex() and not _beside(self._path, "-wal").exists()
        if self._path.exists() and not same:
            earlier = _set_aside(self._path)
        self._anchors.replace(_beside(self._path, ".anchors"))
        self._draft.replace(self._path)
        return earlier


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _head(path: Path) -> str:
    """The hash of the last entry in hex; "" of a file that cannot be read."""
    try:
        with closing(SqliteReader(path)) as reader:
            head = reader.head()
    except UserError:
        return ""
    return "" if head is None else head.hash.hex()


def _set_aside(path: Path) -> Path:
    """Move a journal, its log and its anchors into `earlier/`, under a name with its head."""
    folder = path.parent / EARLIER
    make_folder(folder)
    stem, number = f"{path.stem}_{_head(path)[:_HEAD_DIGITS] or 'unreadable'}", 1
    target = folder / f"{stem}{path.suffix}"
    while target.exists() and not filecmp.cmp(path, target, shallow=False):
        number += 1
        target = folder / f"{stem}-{number}{path.suffix}"
    for end in (".anchors", *_BESIDE):
        part = _beside(path, end)
        if part.exists():
            part.replace(_beside(target, end))
    path.replace(target)
    return target
