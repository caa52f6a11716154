"""`rung kill --drill`: real processes, killed while they run, hang, are dead or cannot write (P7)."""

from __future__ import annotations

import json
from pathlib import Path

from rung.adapters.state.kill_switch import FileKillSwitch
from rung.apps.cli.main import main
from rung.apps.kill_drill import run_drill
from rung.domain.clock import ManualClock


def test_every_check_of_the_drill_passes_within_a_second_and_leaves_evidence(tmp_path: Path) -> None:
    evidence = run_drill(tmp_path)
    assert {check.name: check.said for check in evidence.checks if not check.passed} == {}
    assert len(evidence.checks) == 9
    assert all(check.milliseconds < 1_000 for check in evidence.checks)
    kept = json.loads(Path(evidence.path).read_text())
    assert kept["passed"] is True
    assert [check["name"] for check in kept["checks"]] == [check.name for check in evidence.checks]
    assert [path.name for path in (tmp_path / "drills").iterdir()] == [Path(evidence.path).name]
    assert not FileKillSwitch(tmp_path, ManualClock(1), triggers=[]).read().on, "the account's own switch was thrown"


def test_a_drill_that_fails_says_so_and_ends_with_one(tmp_path: Path, monkeypatch, capsys) -> None:  # type: ignore[no-untyped-def]
    def broken(folder: Path) -> tuple[float, str]:
        raise TimeoutError("the desk is silent")

    monkeypatch.setattr("rung.apps.kill_drill._CHECKS", {"a silent desk": broken})
    assert main(["kill", "--drill", "--state", str(tmp_path)]) == 1
    assert "FAILED" in capsys.readouterr().out
