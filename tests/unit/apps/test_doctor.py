"""`rung doctor`: what is missing is named, and what to do about it."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path

import pytest

from rung.apps import checkup
from rung.apps.checkup import Finding, State, check_up
from rung.apps.cli.main import main

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(name: str, data: Path = Path("data")) -> Finding:
    return next(f for f in check_up(data) if f.name == name)


def test_a_healthy_house_is_said_to_be_healthy(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["healthy"] is True
    assert said["rung"] == metadata.version("rung")
    assert {f["name"] for f in said["findings"]} >= {"python", "numba", "compiled kernels", "costs.toml", "cache"}
    assert all(f["remedy"] for f in said["findings"] if f["state"] != "ok")


def test_people_get_a_table_and_a_verdict(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "rung data synth" in printed
    assert printed.endswith("nothing is broken\n")


def test_a_broken_configuration_makes_the_answer_a_no(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "config").mkdir()
    text = (ROOT / "config" / "costs.toml").read_text("utf-8")
    (folder / "config" / "costs.toml").write_text(text.replace("half_spread_bps", "half_spred_bps"))
    assert main(["doctor"]) == 1
    assert "1 broken" in capsys.readouterr().out
    assert 'did you mean "half_spread_bps"?' in found("costs.toml").detail


def test_a_missing_package_is_broken_and_a_missing_extra_is_not(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = metadata.version

    def version(name: str) -> str:
        if name in ("polars", "psycopg"):
            raise metadata.PackageNotFoundError(name)
        return "1.0.0" if name == "numpy" else installed(name)

    monkeypatch.setattr(checkup.metadata, "version", version)
    assert found("polars").state is State.BROKEN
    assert "pip install" in found("polars").remedy
    assert found("psycopg").state is State.OPTIONAL
    assert "[postgres]" in found("psycopg").remedy
    assert (found("numpy").state, found("numpy").detail[:5]) == (State.BROKEN, "1.0.0")


def test_tapes_are_counted_and_named(folder: Path) -> None:
    assert found("data").state is State.OPTIONAL
    (folder / "data").mkdir()
    assert found("data").detail == "no tapes in it"
    (folder / "data" / "TQQQ_RTH_NH.csv").write_text("")
    assert found("data").state is State.OK
    assert found("data").detail == "tapes of TQQQ"


def test_a_file_in_the_way_of_the_cache_is_broken(folder: Path) -> None:
    assert found("cache").state is State.OK
    (folder / ".rung").write_text("")
    assert found("cache").state is State.BROKEN
    assert "writable" in found("cache").remedy


def test_the_journal_key_is_never_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUNG_JOURNAL_KEY", "canary-8f2e")
    assert found("RUNG_JOURNAL_KEY").state is State.OK
    assert main(["doctor", "--json"]) == 0
    assert "canary-8f2e" not in capsys.readouterr().out
