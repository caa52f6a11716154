"""The folder of a study: finished runs are kept there while it works, its result is written at the end."""

from __future__ import annotations

import json
from pathlib import Path

from rung.reports.files import writable_folder, write_atomically


def folder_for(out: Path | None) -> Path | None:
    """The folder, made and found to take files; None stays None. UserError when it cannot be."""
    if out is not None:
        writable_folder(out)
    return out


def write_json(path: Path, value: object) -> Path:
    """Indented JSON, whole or not at all. UserError when it cannot be written."""
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(path, text.encode())
    return path
