"""P10: a recorded run comes out bit for bit the same; a change of code or record is named with step and field."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import force_setattr, replace

from rung.adapters.stores.sqlite import SqliteReader, SqliteStore
from rung.apps.cli.main import main
from rung.journal.anchors import Anchor, AnchorFile
from rung.journal.entry import Kind
from rung.journal.journal import Durability, Journal, opened
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
    return lambda self, view, signal, reason: replace(entry(self, view, signal, reason), weight=0.1)


def test_a_rewritten_record_is_found_too(run: Path, tmp_path: Path, capsys: SAID) -> None:
    (source,) = run.glob("journal_*.sqlite")
    forged = tmp_path / "forged.sqlite"
    reader = SqliteReader(source)
    with Journal(SqliteStore(forged, writer="forger")) as journal:
        for entry in reader.read():
            thing = opened(entry)
            if entry.kind == Kind.STEP and thing.seq == 500:
                force_setattr(thing.account, "cash_quote", thing.account.cash_quote + 1)
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


# -- what is checked before and beside the steps ----------------------------------------------------------------


def rewritten(source: Path, target: Path, change: Callable[[Kind, Any], Any]) -> Path:
    """The journal again, chained anew; `change` answers the thing to write, None to leave it out."""
    reader = SqliteReader(source)
    with Journal(SqliteStore(target, writer="forger"), durability=Durability.grouped(500)) as journal:
        for entry in reader.read():
            thing = change(Kind(entry.kind), opened(entry))
            if thing is not None:
                journal.append(Kind(entry.kind), entry.at_ns, thing)
    reader.close()
    return target


@pytest.fixture
def journal(run: Path, tmp_path: Path) -> Path:
    """The run's journal with its anchors in a folder of its own."""
    (source,) = run.glob("journal_*.sqlite")
    for path in (source, source.with_name(source.name + ".anchors")):
        shutil.copy(path, tmp_path / path.name)
    return tmp_path / source.name


def edit(path: Path, sql: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER entries_no_update")
        connection.execute(sql)


def test_an_edited_journal_is_not_replayed(journal: Path, capsys: SAID) -> None:
    edit(
        journal,
        "UPDATE entries SET payload = CAST(replace(payload, 'warm', 'harm') AS BLOB), at_ns = 5 WHERE seq = 700",
    )
    code, said = replayed(capsys, str(journal))
    assert code == 3
    assert "entry 700" in said


def test_a_journal_the_anchors_do_not_know_is_not_replayed(journal: Path, tmp_path: Path, capsys: SAID) -> None:
    forged = rewritten(journal, tmp_path / "anew.sqlite", lambda kind, thing: None if kind == Kind.ANCHOR else thing)
    os.replace(f"{journal}.anchors", f"{forged}.anchors")
    assert replayed(capsys, str(forged))[0] == 0
    other = AnchorFile(Path(f"{forged}.anchors"))
    other.announce(Anchor(5, bytes(32), 1))
    code, said = replayed(capsys, str(forged))
    assert code == 3
    assert "anchor" in said


def test_a_journal_with_a_key_is_checked_with_it(
    journal: Path, tmp_path: Path, capsys: SAID, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyed = tmp_path / "keyed.sqlite"
    reader = SqliteReader(journal)
    with Journal(
        SqliteStore(keyed, writer="t"), key=b"a key of enough letters", durability=Durability.grouped(500)
    ) as j:
        for entry in reader.read():
            j.append(Kind(entry.kind), entry.at_ns, opened(entry))
    reader.close()
    monkeypatch.delenv("RUNG_JOURNAL_KEY", raising=False)
    assert replayed(capsys, str(keyed))[0] == 2
    monkeypatch.setenv("RUNG_JOURNAL_KEY", "another key of enough letters")
    assert replayed(capsys, str(keyed))[0] == 3
    monkeypatch.setenv("RUNG_JOURNAL_KEY", "a key of enough letters")
    code, said = replayed(capsys, str(keyed))
    assert code == 0
    assert "keyed" in said


def test_what_was_checked_and_used_is_said(run: Path, capsys: SAID) -> None:
    code, said = replayed(capsys, str(run))
    assert code == 0
    assert "the chain holds" in said
    assert "1 anchor compared" in said
    assert "the recorded configuration" in said
    assert "not the files of today" in said
    assert "the same code" in said
    assert "totals" in said


def test_a_run_that_was_not_closed_is_unfinished_and_said(journal: Path, tmp_path: Path, capsys: SAID) -> None:
    cut = rewritten(
        journal, tmp_path / "cut.sqlite", lambda kind, thing: None if kind in (Kind.RUN_CLOSED, Kind.ANCHOR) else thing
    )
    code, said = replayed(capsys, str(cut))
    assert code == 0
    assert "unfinished" in said
    code, said = replayed(capsys, str(cut), "--json")
    assert json.loads(said)["finished"] is False


@pytest.mark.parametrize(
    ("field", "value"), [("equity_quote", "123456.78"), ("steps", 781)], ids=["the equity", "the number of steps"]
)
def test_totals_that_are_not_those_of_the_steps_are_found(
    journal: Path, tmp_path: Path, capsys: SAID, field: str, value: object
) -> None:
    forged = rewritten(
        journal,
        tmp_path / "forged.sqlite",
        lambda kind, thing: {**thing, field: value} if kind == Kind.RUN_CLOSED else thing,
    )
    code, said = replayed(capsys, str(forged))
    assert code == 1
    assert f"run_closed.{field}" in said
    assert str(value) in said


def test_a_header_whose_config_id_is_not_that_of_its_configuration_is_found(
    journal: Path, tmp_path: Path, capsys: SAID
) -> None:
    def renamed(kind: Kind, thing: Any) -> Any:
        return {**thing, "config_id": "aaaa-bbbb-cccc"} if kind == Kind.RUN_OPENED else thing

    code, said = replayed(capsys, str(rewritten(journal, tmp_path / "forged.sqlite", renamed)))
    assert code == 1
    assert "aaaa-bbbb-cccc" in said
    assert "config" in said


def test_other_code_is_said_also_when_the_steps_agree(run: Path, capsys: SAID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.apps.replay_run.code_id", lambda: "feedbeef0000")
    code, said = replayed(capsys, str(run))
    assert code == 0
    assert "replayed with code feedbeef0000: the same" in said


def test_a_journal_whose_header_is_not_that_of_a_mock_run_is_one_line(tmp_path: Path, capsys: SAID) -> None:
    with Journal(SqliteStore(tmp_path / "j.sqlite", writer="t")) as journal:
        journal.append(Kind.RUN_OPENED, 1, {"run": "something else"})
    code, said = replayed(capsys, str(tmp_path / "j.sqlite"))
    assert code == 2
    assert "cannot be replayed" in said


@pytest.mark.parametrize(
    ("words", "clue"),
    [
        (("--from", "2025-02-30"), "--from: '2025-02-30' is not a date"),
        (("--to", "x"), "--to: 'x' is not a date"),
        (("--from", "2025-9-22"), "--from: '2025-9-22' is not a date"),
        (("--from", "20250304"), "--from: '20250304' is not a date"),
        (("--from", "2025-03-05", "--to", "2025-03-04"), "--to 2025-03-04 is before --from 2025-03-05"),
    ],
)
def test_a_period_that_is_none_is_refused(run: Path, capsys: SAID, words: Sequence[str], clue: str) -> None:
    code, said = replayed(capsys, str(run), *words)
    assert code == 2
    assert clue in said
