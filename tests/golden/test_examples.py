"""Every example runs and prints exactly what its golden says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_prints_its_golden(example: Path, golden: Callable[[str, str], None], tmp_path: Path) -> None:
    """In a folder of its own: what was tried before in another one is counted there."""
    done = subprocess.run(
        [sys.executable, str(example)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    assert done.returncode == 0, done.stderr
    golden(f"example_{example.stem}.txt", done.stdout)


def test_there_is_an_example_to_read() -> None:
    assert EXAMPLES
