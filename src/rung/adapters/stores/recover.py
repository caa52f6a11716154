"""A journal file with a torn tail → the entries before the tear, in a file that is whole.

Healing is for accidents of the disk. A file that is whole but whose chain does not hold was edited: that is refused.
The damaged file is kept beside the healed one.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from rung.adapters.stores.file_lease import FileLease
from rung.adapters.stores.jsonl import END, parse_line, whole_lines
from rung.adapters.stores.sqlite import SqliteStore
from rung.adapters.stores.sqlite_pages import Pages
from rung.domain.errors import Tampered, UserError
from rung.journal.entry import Entry, Head, genesis
from rung.journal.verify import KeyMismatch, check_key, follow

_GROUP = 2_000
_TELLING = len(b'{"e')
"""So many bytes tell the note of an end from an entry."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of a damaged journal.

    kept : entries that are whole and in the file now.   lost : entries after them, None when nobody can say.
    reason : what was wrong.   damaged : where the damaged file is now; None when nothing was wrong.
    """

    kept: int
    lost: int | None
    reason: str
    damaged: Path | None


def recover(path: Path, *, key: bytes | None = None) -> Recovery:
    """Heal a SQLite journal or an exported one (`.jsonl`).

    UserError: it is in use, or not one entry could be kept (it then stays as it is). Tampered: it was edited.
    """
    if not path.is_file():
        raise UserError("no such journal", where=str(path), remedy="name an existing file")
    path = path.resolve()
    lease = FileLease(path.with_name(path.name + ".lock"), "rung journal recover")
    try:
        return _recover_lines(path, key) if path.suffix == ".jsonl" else _recover_sqlite(path, key)
    finally:
        lease.release(remove=True)


def _recover_sqlite(path: Path, key: bytes | None) -> Recovery:
    healed = path.with_name(path.name + ".recovering")
    work, damage = _copy(path)
    try:
        with closing(sqlite3.connect(work, isolation_level=None)) as source:
            damage = damage or _damage(source)
            noted = _noted_head(source)
            _discard(healed)
            kept, tear = _heal(_rows(source, work, key), healed, key)
        if damage is None:
            return _whole(kept, noted, tear)
        if kept == 0:
            raise _nothing_kept(path, damage)
        damaged = _set_aside(path)
        healed.replace(path)
    finally:
        _discard(work)
        _discard(healed)
    return Recovery(kept, None if noted is None else max(noted - kept, 0), damage, damaged)


def _whole(kept: int, noted: int | None, tear: Tampered | None) -> Recovery:
    """A file without damage has nothing to heal: what does not hold in it was edited."""
    if tear is not None:
        raise tear
    if noted is not None and noted != kept:
        raise Tampered(f"the end was cut off after entry {kept}; the journal notes its head at entry {noted}")
    return Recovery(kept, 0, "nothing is wrong", None)


def _copy(path: Path) -> tuple[Path, str | None]:
    """A scratch copy with its log, and how much of the file is missing, if any.

    The copy is filled up with zeros to the length its header speaks of: else SQLite would not look in at all.
    """
    missing = None
    work = path.with_name(path.name + ".inspected")
    _discard(work)
    try:
        shutil.copyfile(path, work)
        wal = path.with_name(path.name + "-wal")
        if wal.exists():
            shutil.copyfile(wal, work.with_name(work.name + "-wal"))
        with work.open("r+b") as file:
            header = file.read(100)
            if header[:15] != b"SQLite format 3":
                raise UserError("nothing can be read from this file", where=str(path), remedy="restore a backup")
            page = int.from_bytes(header[16:18], "big")
            length = (65536 if page == 1 else page) * int.from_bytes(header[28:32], "big")
            file.seek(0, 2)
            if file.tell() < length:
                missing = f"the file is {length - file.tell():,} bytes short"
                file.truncate(length)
    except OSError as error:
        _discard(work)
        raise UserError(f"cannot copy the journal: {error.strerror}", where=str(path)) from None
    except UserError:
        _discard(work)
        raise
    return work, missing


def _damage(source: sqlite3.Connection) -> str | None:
    """What SQLite finds wrong with the file itself, in a few words."""
    try:
        (answer,) = source.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if answer == "ok" else str(answer).replace("\n", " ")


def _noted_head(source: sqlite3.Connection) -> int | None:
    try:
        seq: int = source.execute("SELECT seq FROM head").fetchone()[0]
    except (sqlite3.DatabaseError, TypeError):
        return None
    return seq


def _rows(source: sqlite3.Connection, file: Path, key: bytes | None) -> Iterator[Entry]:
    """Entries as SQLite finds them up to the first it does not, then what follows in the pages of the file."""
    last = Head(0, genesis(key))
    try:
        for row in source.execute("SELECT seq, at_ns, kind, payload, prev_hash, hash FROM entries ORDER BY seq"):
            yield Entry._make(row)
            last = Head(row[0], row[5])
        return
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        pass
    with suppress(sqlite3.DatabaseError):
        source.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the pages of the log into the file
    for candidates in Pages(file).entries_after(last.seq):
        entry = next((e for e in candidates if _follows(e, last, key)), None)
        if entry is None:
            return
        yield entry
        last = Head(entry.seq, entry.hash)


def _follows(entry: Entry, head: Head, key: bytes | None) -> bool:
    try:
        if entry.seq == 1:
            check_key(entry, key)
        follow(entry, head, key)
    except KeyMismatch:
        raise
    except Tampered:
        return False
    return True


def _nothing_kept(path: Path, damage: str) -> UserError:
    return UserError(
        f"{damage}: not one entry could be kept, the file is left as it is",
        where=str(path),
        remedy="restore a backup",
    )


def _heal(rows: Iterator[Entry], target: Path, key: bytes | None) -> tuple[int, Tampered | None]:
    """Write the rows that hold into a new journal; (how many, what the first that does not hold is)."""
    head, tear, group = Head(0, genesis(key)), None, list[Entry]()
    with closing(SqliteStore(target, writer="rung journal recover")) as healed:
        for row in rows:
            try:
                if row.seq == 1:
                    check_key(row, key)
                head = follow(row, head, key)
            except KeyMismatch:
                raise
            except Tampered as error:
                tear = error
                break
            group.append(row)
            if len(group) >= _GROUP:
                healed.append(group)
                healed.commit()
                group.clear()
        healed.append(group)
        healed.commit()
    return head.seq, tear


def _recover_lines(path: Path, key: bytes | None) -> Recovery:
    """Drop a last line that does not end. Whole lines must hold: only the end of a file tears.

    The healed file notes no end: nobody can say what came behind the tear.
    """
    healed = path.with_name(path.name + ".recovering")
    try:
        with path.open("rb") as source, healed.open("wb") as out:
            head = _copy_whole_lines(source, out, key)
            source.seek(out.tell())
            torn = source.read()
        if not torn:
            return Recovery(head.seq, 0, "nothing is wrong", None)
        reason = f"the last line is cut short ({len(torn)} bytes)"
        if head.seq == 0:
            raise _nothing_kept(path, reason)
        damaged = _set_aside(path)
        healed.replace(path)
    except OSError as error:
        raise UserError(f"cannot rewrite the journal: {error.strerror}", where=str(path)) from None
    finally:
        healed.unlink(missing_ok=True)
    return Recovery(head.seq, 0 if torn[:_TELLING] == END[:_TELLING] else None, reason, damaged)


def _copy_whole_lines(source: BinaryIO, out: BinaryIO, key: bytes | None) -> Head:
    """The last entry of those that end. Raises Tampered at the first that does not hold."""
    head, end = Head(0, genesis(key)), None
    for number, line in enumerate(whole_lines(source), 1):
        thing = parse_line(number, line)
        if end is not None:
            raise Tampered(f"line {number} was added behind the noted end of the file")
        if isinstance(thing, Head):
            end = thing
        else:
            if number == 1:
                check_key(thing, key)
            head = follow(thing, head, key)
        out.write(line)
    if end is not None and end.seq != head.seq:
        raise Tampered(f"the end was cut off after entry {head.seq}; the file notes its end at entry {end.seq}")
    return head


def _set_aside(path: Path) -> Path:
    """Move the damaged file and its log to a name that is free."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def _discard(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
