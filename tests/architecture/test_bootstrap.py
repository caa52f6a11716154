"""The bootstrap installs into its own .venv or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.architecture.sources import ROOT

OFFLINE = {"PIP_NO_INDEX": "1", "PIP_REQUIRE_VIRTUALENV": "1", "UV_OFFLINE": "1"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("rung", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def run(checkout: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(checkout / "rung"), *words],
        env={**os.environ, **OFFLINE, **env},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_without_a_python_new_enough_it_says_what_it_needs(checkout: Path) -> None:
    ended = run(checkout, "--version", RUNG_PYTHON="false")
    assert ended.returncode == 2
    assert ended.stderr == "rung: needs Python 3.11 or newer as 'false' (set RUNG_PYTHON to another interpreter)\n"
    assert not (checkout / ".venv").exists()


def test_a_half_made_environment_is_never_installed_into(checkout: Path) -> None:
    """Its python may be the machine's own: without pyvenv.cfg a link to an interpreter is that interpreter."""
    inside = checkout / ".venv" / "bin"
    inside.mkdir(parents=True)
    (inside / "python").symlink_to(Path(sys.base_prefix) / "bin" / "python3")
    ended = run(checkout, "--version", RUNG_PYTHON="false")
    assert ended.returncode == 2
    assert "needs Python 3.11" in ended.stderr
    assert "installing" not in ended.stderr


def test_an_environment_of_somewhere_else_is_not_cleared(
    checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "precious").touch()
    (checkout / ".venv").symlink_to(elsewhere)
    ended = run(checkout, "--version")
    assert ended.returncode == 2
    assert ended.stderr == "rung: .venv is a link: remove it, or what it points to would be cleared\n"
    assert (elsewhere / "precious").exists()


def test_words_go_to_the_program_with_its_exit_code(checkout: Path) -> None:
    inside = checkout / ".venv" / "bin"
    inside.mkdir(parents=True)
    (inside / "python").symlink_to(sys.executable)
    (inside / "rung").write_text('#!/bin/sh\necho "got $*"\nexit 3\n')
    (inside / "rung").chmod(0o755)
    files = b"".join((checkout / name).read_bytes() for name in ("pyproject.toml", "constraints.txt"))
    real = f"{os.path.realpath(inside / 'python')}\n".encode()
    digest = subprocess.run(["cksum"], input=files + real, capture_output=True, check=True).stdout.decode()
    (checkout / ".venv" / ".rung-stamp").write_text(f"{digest}0\n{checkout.resolve()}\n")
    ended = run(checkout, "mock", "--date", "a b")
    assert (ended.stdout, ended.stderr, ended.returncode) == ("got mock --date a b\n", "", 3)
