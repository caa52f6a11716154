"""Files that are either whole or not there: written beside their place, then renamed into it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rung.domain.errors import UserError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Yields a temporary path in the same folder; it replaces `path` only when the block ends without error.

    The folder is made when it is missing. An interrupted or failed block leaves no trace of itself.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.parent / f".{path.name}.{os.getpid()}.part"
    try:
        yield draft
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def told_to_the_user(path: Path) -> Iterator[None]:
    """Turns a disk that refuses (full, read-only, no permission) into one clear line."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"cannot be written: {error.strerror or error}", where=str(path), remedy="choose a writable place with room"
        ) from None
