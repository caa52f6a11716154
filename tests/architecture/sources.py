"""The project's own files, for the tests that read code instead of running it."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src" / "rung"
NOT_OURS = {".git", ".venv", ".hypothesis", ".rung", "__pycache__", "logs", "mutants", "dist"}


@cache
def modules() -> dict[str, ast.Module]:
    """Path from the root (posix) → syntax tree, of every module of the package."""
    return {p.relative_to(ROOT).as_posix(): ast.parse(p.read_text("utf-8")) for p in sorted(SRC.rglob("*.py"))}


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def project_files() -> list[Path]:
    """What a clone contains: git's list and what it would add, or every file where there is no git."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0:
        return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]
    return [p for p in ROOT.rglob("*") if p.is_file() and not NOT_OURS & set(p.relative_to(ROOT).parts)]
