"""Tapes as they lie in memory, kept on disk: opening one is a map, not a parse."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from rung.market.atomic import written_whole
from rung.market.tape import COLUMNS, Label, RawBars, Stamps, Tape, make_tape

FORMAT = 1
"""Raised whenever the importers or this layout change what a file turns into."""


@dataclass(frozen=True, slots=True)
class TapeCache:
    """One `.npy` (6 × n, int64; the float64 columns keep their bits) and one `.json` per source file.

    The key is the file's path, size and modification time and FORMAT. A pair that is missing, cut, altered or of
    another version is simply not found, and the file is read again. A folder that cannot be written costs time only.
    """

    folder: Path

    def find(self, source: Path) -> Tape | None:
        """The tape last read from `source` in its present state, memory-mapped and read-only."""
        stem = self._stem(source)
        try:
            meta = json.loads(stem.with_suffix(".json").read_text("utf-8"))
            block = np.load(stem.with_suffix(".npy"), mmap_mode="r", allow_pickle=False)
            return _tape(meta, block)
        except (OSError, ValueError, EOFError, KeyError, TypeError):
            return None

    def keep(self, source: Path, tape: Tape) -> None:
        """Remember `tape` for `source`, and forget its earlier states."""
        stem = self._stem(source)
        block = np.stack([tape.open_ns, *(getattr(tape, name).view(np.int64) for name in COLUMNS)])
        meta = {
            "symbol": tape.symbol,
            "interval_ns": tape.interval_ns,
            "source": tape.source,
            "synthetic": tape.synthetic,
            "notes": list(tape.notes),
            "content_id": tape.content_id,
            "crc32": zlib.crc32(block.data),
        }
        try:
            self._forget_others(stem)
            with written_whole(stem.with_suffix(".npy")) as draft, draft.open("wb") as file:
                np.save(file, block, allow_pickle=False)
            with written_whole(stem.with_suffix(".json")) as draft:
                draft.write_text(json.dumps(meta), "utf-8")
        except OSError:
            return  # a cache is a convenience: without it the next run reads the file again

    def _stem(self, source: Path) -> Path:
        state = source.stat()
        path = _short_hash(str(source.resolve()))
        present = _short_hash(f"{state.st_size} {state.st_mtime_ns} {FORMAT}")
        return self.folder / f"{source.name.split('.')[0]}-{path}-{present}"

    def _forget_others(self, stem: Path) -> None:
        family = stem.name.rsplit("-", 1)[0]
        for old in self.folder.glob(f"{family}-*"):
            if old.stem != stem.name:
                old.unlink(missing_ok=True)


def _tape(meta: dict[str, object], block: Stamps) -> Tape | None:
    sound = block.dtype == np.int64 and block.ndim == 2 and len(block) == 1 + len(COLUMNS) and block.shape[1] > 0
    if not sound or zlib.crc32(block.data) != meta["crc32"]:
        return None
    columns = {name: block[row].view(np.float64) for row, name in enumerate(COLUMNS, start=1)}
    label = Label(
        symbol=str(meta["symbol"]),
        interval_ns=int(str(meta["interval_ns"])),
        source=str(meta["source"]),
        synthetic=meta["synthetic"] is True,
        notes=tuple(str(note) for note in meta["notes"]) if isinstance(meta["notes"], list) else (),
    )
    return make_tape(RawBars(open_ns=block[0], **columns), label, content_id=str(meta["content_id"]))


def _short_hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:12]
