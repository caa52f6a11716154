"""What a newcomer is told to type next works in a clone: the scaffold's lines, and the command for a missing extra."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rung.apps.cli.main import main
from rung.domain.errors import UserError, install_words
from rung.lab.statistics.extra import extra_lab

ROOT = Path(__file__).resolve().parents[4]


def test_the_scaffold_names_a_command_of_the_bootstrap_that_runs_its_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["strategies", "new", "my_idea"]) == 0
    said = re.search(r"^test +\./rung python (.+)$", capsys.readouterr().out, re.M)
    assert said is not None
    done = subprocess.run([sys.executable, *said[1].split(), "-q"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "python) shift; exec python" in (ROOT / "rung").read_text("utf-8")
    assert f"./rung python {said[1]}".replace("my_idea", "my_strategy") in (
        ROOT / "docs" / "tutorials" / "write_a_strategy.md"
    ).read_text("utf-8")


@pytest.mark.parametrize("extra", ["lab", "postgres", "cluster"])
def test_a_missing_extra_is_installed_from_the_clone(extra: str) -> None:
    assert install_words(extra) == f"./rung python -m pip install -c constraints.txt -e '.[{extra}]'"
    assert f"\n{extra} = [" in (ROOT / "pyproject.toml").read_text("utf-8")
    assert (ROOT / "constraints.txt").exists()


def test_a_missing_library_is_told_with_that_command() -> None:
    with pytest.raises(UserError) as caught, extra_lab():
        raise ImportError("arch")
    assert caught.value.remedy == install_words("lab")
