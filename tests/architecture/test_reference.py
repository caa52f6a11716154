"""The reference says what the code says, and every shipped configuration file loads."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.architecture.sources import ROOT

from rung.apps.config_files import CONFIG_FILES, ConfigFile
from rung.config import load


def test_the_reference_is_what_the_code_generates() -> None:
    run = subprocess.run(
        [sys.executable, "docs/generate_reference.py", "--check"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-3000:]


@pytest.mark.parametrize("file", CONFIG_FILES, ids=lambda f: f.name)
def test_every_shipped_configuration_loads(file: ConfigFile) -> None:
    assert isinstance(load(ROOT / "config" / file.name, file.schema()).value, file.schema())


def test_every_file_in_the_config_folder_is_known() -> None:
    shipped = {p.relative_to(ROOT / "config").as_posix() for p in (ROOT / "config").rglob("*.*ml")}
    shipped |= {p.relative_to(ROOT / "config").as_posix() for p in (ROOT / "config").rglob("*.json")}
    assert shipped == {file.name for file in CONFIG_FILES}
