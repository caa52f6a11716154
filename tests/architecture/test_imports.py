"""Imports run one way, and no package escapes the picture."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.architecture.sources import ROOT, SRC

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]


def test_every_import_contract_is_kept() -> None:
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
        timeout=120,
    )
    assert run.returncode == 0, run.stdout[-3000:]
    assert "0 broken" in run.stdout


def test_every_package_has_its_floor_in_the_house() -> None:
    layers = next(c for c in CONTRACTS if c["type"] == "layers")["layers"]
    placed = set(re.findall(r"rung\.(\w+)", " ".join(layers)))
    packages = {p.name for p in SRC.iterdir() if (p / "__init__.py").exists()}
    assert packages <= placed
    assert len(packages) > 10


def test_the_stages_are_written_as_mutually_blind() -> None:
    layers = next(c for c in CONTRACTS if c["type"] == "layers")["layers"]
    stages = next(line for line in layers if "rung.market" in line)
    assert ":" not in stages
    assert stages.count("|") == 8


@pytest.mark.parametrize("name", sorted(p.name for p in SRC.iterdir() if (p / "__init__.py").exists()))
def test_every_folder_of_modules_is_a_package(name: str) -> None:
    folders = {p.parent for p in (SRC / name).rglob("*.py")}
    assert [str(f.relative_to(ROOT)) for f in sorted(folders) if not (f / "__init__.py").exists()] == []
