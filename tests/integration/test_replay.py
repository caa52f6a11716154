"""P10: a recorded run comes out bit for bit the same; a change of code or record is named with step and field."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from rung.adapters.stores.sqlite import SqliteReader, SqliteStore
from rung.apps.cli.main import main
from rung.journal.entry import Kind
from rung.journal.journal import Journal, opened
from rung.strategy.rotation import rules

SAID = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run over two synthetic days after one of warm-up."""
    folder = tmp_path_factory.mktemp("run")
    tapes, out = str(folder / "tapes"), folder / "out"
    assert main(["data", "synth", "--output", tapes, "--days", "3", "--start-date", "2025-03-03"]) == 0
    words = ["--start-date", "2025-03-04", "--end-date", "2025-03-05", "--shuffles", "0"]
    assert main(["mock", "--data", tapes, "--out", str(out), *words]) == 0
    return out


def replayed(capsys: SAID, *words: str) -> tuple[int, str]:
    capsys.readouterr()
    code = main(["replay", *words])
    said = capsys.readouterr()
    return code, said.out + said.err


def test_every_recorded_step_comes_out_the_same(run: Path, capsys: SAID) -> None:
    code, said = replayed(capsys, str(run))
    assert code == 0
    assert "780 of 780 steps compared" in said


def test_a_period_is_compared_on_its_own(run: Path, capsys: SAID) -> None:
    code, said = replayed(capsys, str(run), "--from", "2025-03-05", "--json")
    assert code == 0
    found = json.loads(said)
    assert (found["compared"], found["steps"], found["same"]) == (390, 780, True)
    assert found["code_id"] == found["recorded_code_id"]


def test_changed_code_is_found_at_its_first_step_and_field(
    run: Path, capsys: SAID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules.RotationRules, "_entry", _timid(rules.RotationRules._entry))
    code, said = replayed(capsys, str(run))
    assert code == 1
    assert "differs in targets[0].weight" in said


def _timid(entry):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    return lambda self, view, signal, reason: replace(entry(self, view, signal, reason), weight=0.1)


def test_a_rewritten_record_is_found_too(run: Path, tmp_path: Path, capsys: SAID) -> None:
    (source,) = run.glob("journal_*.sqlite")
    forged = tmp_path / "forged.sqlite"
    reader = SqliteReader(source)
    with Journal(SqliteStore(forged, writer="forger")) as journal:
        for entry in reader.read():
            thing = opened(entry)
            if entry.kind == Kind.STEP and thing.seq == 500:
                object.__setattr__(thing.account, "cash_quote", thing.account.cash_quote + 1)
            journal.append(Kind(entry.kind), entry.at_ns, thing)
    reader.close()
    code, said = replayed(capsys, str(forged))
    assert code == 1
    assert "step 500 differs in account.cash_quote" in said


@pytest.mark.parametrize(
    ("words", "clue"),
    [(["--from", "2026-01-01"], "widen"), ([], "no such journal")],
    ids=["a period without steps", "no such file"],
)
def test_bad_input_is_one_line(run: Path, tmp_path: Path, capsys: SAID, words: Sequence[str], clue: str) -> None:
    where = str(run) if words else str(tmp_path / "nothing.sqlite")
    code, said = replayed(capsys, where, *words)
    assert code == 2
    assert clue in said
    assert "Traceback" not in said


def test_a_folder_without_a_journal_says_so(tmp_path: Path, capsys: SAID) -> None:
    code, said = replayed(capsys, str(tmp_path))
    assert code == 2
    assert "no journal in this folder" in said
