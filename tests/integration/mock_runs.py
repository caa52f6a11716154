"""Runs `rung mock` as a user does, in a process of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

SIX = "TQQQ,SQQQ,SPXL,SDS,UVXY,SVXY"
OLD_SIX = "TQQQ,SQQQ,SDS,UVXY,SSO,SVIX"
"""The six with tapes from April on."""
LINES = ("signals", "decisions", "trades", "positions")
RUNG = (sys.executable, "-m", "rung.apps.cli.main")
PROJECT = Path(__file__).resolve().parents[2]


def rung(
    *words: str, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """`rung WORDS` with nothing from the terminal, in the project's folder unless `cwd` says otherwise."""
    return subprocess.run(
        [*RUNG, *words],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
        cwd=cwd or PROJECT,
        env={**os.environ, "NO_COLOR": "1", **(env or {})},
    )


def mock(data: Path, out: Path, start: str, end: str, *more: str, env: Mapping[str, str] | None = None) -> str:
    """A run that must succeed; answers what it printed."""
    words = ("mock", "--start-date", start, "--end-date", end, "--data", str(data), "--out", str(out), *more)
    done = rung(*words, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def digests(folder: Path) -> dict[str, str]:
    """Name → SHA-256 of every file a run wrote, the journal included."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir()) if path.is_file()
    }
