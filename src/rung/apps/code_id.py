"""The identity of the code that runs: a digest of every source file of the package."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import rung

ID_LENGTH = 12


@cache
def code_id() -> str:
    """First 12 hex digits of the SHA-256 over names and contents of Rung's source files, in order of name."""
    root = Path(rung.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        text = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(text)}\0".encode() + text)
    return digest.hexdigest()[:ID_LENGTH]
