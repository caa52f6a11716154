"""`rung journal …` as a person meets it: words, exit codes, files left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.contract.postgres_server import postgres_dsn
from tests.unit.adapters.stores.test_sqlite import doctored
from tests.unit.journal.made import KEY, OPEN, approved, fill, refused, small_journal, step

from rung.adapters.stores.sqlite import SqliteReader, SqliteStore
from rung.apps.cli.main import main
from rung.journal.anchors import Anchor, AnchorFile
from rung.journal.entry import Kind
from rung.journal.journal import Journal
from rung.journal.verify import verify

__all__ = ["postgres_dsn"]

SECRET = "canary-0f7b-a-key-nobody-may-see"


class Said:
    """What one command line ended with."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *words: object) -> tuple[int, str, str]:
        code = main(["journal", *map(str, words)])
        out, err = self.capsys.readouterr()
        return code, out, err


@pytest.fixture
def rung(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    monkeypatch.delenv("RUNG_JOURNAL_KEY", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return Said(capsys)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    with Journal(SqliteStore(path, writer="test")) as journal:
        journal.append(Kind.RUN_OPENED, OPEN, {"run": "r1"})
        journal.record(step(1))
        journal.append(Kind.INTENT, OPEN + 10**12, approved())
        journal.append(Kind.EVENT, OPEN + 10**12, refused())
        journal.append(Kind.ACK, OPEN + 10**12, fill())
    return path


class TestVerify:
    def test_a_good_journal_ends_with_0_and_says_what_nothing_outside_knows(self, rung: Said, path: Path) -> None:
        code, out, err = rung("verify", path)
        assert (code, err) == (0, "")
        assert "the chain holds: 5 entries" in out
        assert "could have written all of it anew" in out

    def test_json_is_for_programs(self, rung: Said, path: Path) -> None:
        code, out, _ = rung("verify", path, "--json")
        told = json.loads(out)
        assert code == 0
        assert told | {"head": ""} == {
            "ok": True, "entries": 5, "head": "", "anchors": 0, "keyed": False, "noted_end": True, "losses": []
        }  # fmt: skip
        assert len(told["head"]) == 64

    def test_a_tampered_one_ends_with_3_and_names_the_entry(self, rung: Said, path: Path) -> None:
        doctored(path, "UPDATE entries SET at_ns = at_ns + 1 WHERE seq = 3")
        code, out, err = rung("verify", path)
        assert code == 3
        assert out == ""
        assert "entry 3 (intent) was edited" in err
        assert "Traceback" not in err

    def test_anchors_beside_the_journal_are_compared_unasked(self, rung: Said, path: Path) -> None:
        with closing(SqliteReader(path)) as reader:
            entry = list(reader.read())[4]
        file = AnchorFile(path.with_name("journal.db.anchors"))
        file.announce(Anchor(entry.seq, entry.hash, OPEN))
        code, out, _ = rung("verify", path)
        assert code == 0
        assert "1 anchor compared" in out
        file.announce(Anchor(9, entry.hash, OPEN))
        code, _, err = rung("verify", path)
        assert code == 3
        assert "entry 6 is missing, and an anchor remembers up to entry 9" in err
        elsewhere = path.with_name("elsewhere")
        file.path.rename(elsewhere)
        assert rung("verify", path)[0] == 0
        assert rung("verify", path, "--anchors", elsewhere)[0] == 3

    def test_the_key_comes_from_the_environment_and_is_never_shown(
        self, rung: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "keyed.db"
        small_journal(SqliteStore(path, writer="test"), key=SECRET.encode()).close()
        told = [rung("verify", path)]
        assert told[0][0] == 2
        assert "set RUNG_JOURNAL_KEY" in told[0][2]
        monkeypatch.setenv("RUNG_JOURNAL_KEY", "another key that is long enough")
        told.append(rung("verify", path))
        assert told[1][0] == 3
        assert "the key does not belong to this journal" in told[1][2]
        monkeypatch.setenv("RUNG_JOURNAL_KEY", SECRET)
        told.append(rung("verify", path))
        assert told[2][0] == 0
        assert "the chain is keyed" in told[2][1]
        told += [rung("tail", path), rung("stats", path), rung("backup", path, tmp_path / "b.db")]
        told += [rung("export", path, "--jsonl", tmp_path / "e.jsonl")]
        monkeypatch.setenv("RUNG_JOURNAL_KEY", SECRET[:15])
        told.append(rung("verify", path))
        assert told[-1][0] == 2
        assert "shorter than 16 characters" in told[-1][2]
        written = b"".join(p.read_bytes() for p in tmp_path.iterdir())
        assert not any(SECRET[:15] in out + err for _, out, err in told)
        assert SECRET[:15].encode() not in written


class TestTail:
    def test_a_table_says_what_happened(self, rung: Said, path: Path) -> None:
        code, out, _ = rung("tail", path, "-n", 4)
        assert code == 0
        assert "run_opened" not in out
        for words in (
            "equity 1E+5 USD; 6 bars, 1 fills, 1 approved, 1 refused, 1 notes",
            "approved MARKET BUY 10.50 TQQQ (o-1)",
            "refused MARKET BUY 10.50 TQQQ (o-1): per_symbol_leverage_exceeded",
            "BUY 10.50 TQQQ at 55.1375 (ORDER)",
            "2025-09-15 13:46:40",
        ):
            assert words in out

    def test_json_is_one_object_a_line_with_every_field_by_name(self, rung: Said, path: Path) -> None:
        code, out, _ = rung("tail", path, "--json")
        lines = [json.loads(line) for line in out.splitlines()]
        assert code == 0
        assert [line["seq"] for line in lines] == [1, 2, 3, 4, 5]
        assert lines[1]["payload"]["account"]["equity_quote"] == "1E+5"

    def test_following_shows_what_is_written_meanwhile(self, path: Path) -> None:
        words = [
            sys.executable,
            "-m",
            "rung.apps.cli.main",
            "journal",
            "tail",
            str(path),
            "--follow",
            "--json",
            "-n",
            "1",
        ]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as follower:
            assert follower.stdout is not None
            assert json.loads(follower.stdout.readline())["seq"] == 5
            with Journal(SqliteStore(path, writer="test")) as journal:
                journal.append(Kind.EVENT, OPEN + 2 * 10**12, {"new": "yes"})
            assert json.loads(follower.stdout.readline())["payload"] == {"new": "yes"}
            follower.terminate()

    def test_an_empty_journal_has_an_empty_tail(self, rung: Said, tmp_path: Path) -> None:
        SqliteStore(tmp_path / "new.db", writer="test").close()
        assert rung("tail", tmp_path / "new.db")[0] == 0


class TestExport:
    def test_the_file_verifies_like_the_journal(self, rung: Said, path: Path, tmp_path: Path) -> None:
        target = tmp_path / "out.jsonl"
        assert rung("export", path, "--jsonl", target)[0] == 0
        code, out, _ = rung("verify", target)
        assert code == 0
        assert "5 entries" in out
        assert rung("stats", target, "--json")[1] == rung("stats", path, "--json")[1]
        target.write_text(target.read_text().replace("55.1375", "55.1374"))
        code, _, err = rung("verify", target)
        assert code == 3
        assert "entry 2 (step) was edited" in err

    def test_by_name_every_field_is_spelled_out(self, rung: Said, path: Path, tmp_path: Path) -> None:
        assert rung("export", path, "--jsonl", tmp_path / "out.jsonl", "--by-name")[0] == 0
        lines = (tmp_path / "out.jsonl").read_text().splitlines()
        assert json.loads(lines[4])["payload"]["price"] == "55.1375"

    def test_an_edited_journal_is_not_exported(self, rung: Said, path: Path, tmp_path: Path) -> None:
        doctored(path, "UPDATE entries SET at_ns = at_ns + 1 WHERE seq = 3")
        for more in ((), ("--by-name",)):
            code, _, err = rung("export", path, "--jsonl", tmp_path / "out.jsonl", *more)
            assert code == 3
            assert "entry 3 (intent) was edited" in err
        assert not list(tmp_path.glob("out*"))

    def test_an_export_without_a_noted_end_is_said_to_be_one(self, rung: Said, path: Path, tmp_path: Path) -> None:
        target = tmp_path / "out.jsonl"
        rung("export", path, "--jsonl", target)
        assert "noted end" not in rung("verify", target)[1]
        lines = target.read_bytes().splitlines(keepends=True)
        target.write_bytes(b"".join(lines[:-2]))
        code, out, _ = rung("verify", target)
        assert code == 0
        assert "no noted end" in out
        target.write_bytes(b"".join([*lines[:-2], lines[-1]]))
        code, _, err = rung("verify", target)
        assert code == 3
        assert "the end was cut off" in err

    def test_an_export_by_name_cannot_be_judged(self, rung: Said, path: Path, tmp_path: Path) -> None:
        rung("export", path, "--jsonl", tmp_path / "out.jsonl", "--by-name")
        code, _, err = rung("verify", tmp_path / "out.jsonl")
        assert code == 2
        assert "exported by name" in err

    def test_an_existing_file_is_not_overwritten(self, rung: Said, path: Path) -> None:
        before = path.read_bytes()
        code, _, err = rung("export", path, "--jsonl", path)
        assert code == 2
        assert "exists already" in err
        assert path.read_bytes() == before


def test_stats_count_kinds_and_tell_the_span(rung: Said, path: Path) -> None:
    code, out, _ = rung("stats", path)
    assert code == 0
    assert "from 2025-09-15 13:30:00 to 2025-09-15 13:46:40" in out
    told = json.loads(rung("stats", path, "--json")[1])
    assert told["entries"] == 5
    assert {kind: n for kind, (n, _) in told["kinds"].items()} == {
        "run_opened": 1, "step": 1, "intent": 1, "event": 1, "ack": 1
    }  # fmt: skip
    assert told["payload_bytes"] == sum(size for _, size in told["kinds"].values())


class TestBackup:
    def test_the_copy_is_verified_and_never_overwrites(self, rung: Said, path: Path, tmp_path: Path) -> None:
        code, out, _ = rung("backup", path, tmp_path / "copy.db")
        assert code == 0
        assert "5 entries backed up" in out
        assert rung("verify", tmp_path / "copy.db")[0] == 0
        code, _, err = rung("backup", path, tmp_path / "copy.db")
        assert code == 2
        assert "exists already" in err

    def test_a_bad_journal_is_said_to_be_bad(self, rung: Said, path: Path, tmp_path: Path) -> None:
        doctored(path, "UPDATE entries SET at_ns = at_ns + 1 WHERE seq = 3")
        assert rung("backup", path, tmp_path / "copy.db")[0] == 3
        assert not list(tmp_path.glob("copy*"))


class TestRecover:
    def test_a_torn_journal_is_healed_and_the_loss_written_down(self, rung: Said, tmp_path: Path) -> None:
        path = tmp_path / "journal.db"
        with Journal(SqliteStore(path, writer="test"), key=KEY) as journal:
            for n in range(1, 60):
                journal.record(step(n))
        path.write_bytes(path.read_bytes()[:-8_000])
        os.environ["RUNG_JOURNAL_KEY"] = KEY.decode()
        try:
            assert rung("verify", path)[0] == 2
            code, out, _ = rung("recover", path, "--json")
            told = json.loads(out)
            assert code == 0
            assert told["kept"] + told["lost"] == 59
            assert told["lost"] > 0
            assert Path(told["damaged"]).name == "journal.db.damaged-1"
            code, out, _ = rung("verify", path)
            assert code == 0
            assert f"notes that a recover lost {told['lost']} entries after entry {told['kept']}" in out
            assert json.loads(rung("verify", path, "--json")[1])["losses"][0]["lost"] == told["lost"]
            last = json.loads(rung("tail", path, "-n", 1, "--json")[1])
        finally:
            del os.environ["RUNG_JOURNAL_KEY"]
        assert last["kind"] == "recovered"
        assert last["payload"] == {key: told[key] for key in ("kept", "lost", "reason")}
        with closing(SqliteReader(path)) as reader:
            assert verify(reader, key=KEY).entries == told["kept"] + 1

    def test_a_whole_one_is_left_alone(self, rung: Said, path: Path) -> None:
        code, out, _ = rung("recover", path)
        assert code == 0
        assert "nothing is wrong: 5 entries kept, 0 lost" in out


@pytest.mark.parametrize("verb", ["verify", "tail", "stats", "recover"])
@pytest.mark.parametrize("content", [None, b"", b"no journal at all" * 300], ids=["absent", "empty", "text"])
def test_what_is_no_journal_is_one_clear_line(rung: Said, tmp_path: Path, verb: str, content: bytes | None) -> None:
    path = tmp_path / "thing.db"
    if content is not None:
        path.write_bytes(content)
    code, out, err = rung(verb, path)
    assert code == 2
    assert out == ""
    assert str(path) in err
    assert len(err.strip().splitlines()) == 1


class TestInADatabase:
    """`postgresql:NAME`, on a real server."""

    @pytest.fixture
    def place(self, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
        from rung.adapters.stores.postgres import PostgresStore

        monkeypatch.setenv("RUNG_DATABASE", postgres_dsn)
        name = f"cli-{os.urandom(4).hex()}"
        with Journal(PostgresStore(postgres_dsn, journal=name, writer="test")) as journal:
            journal.append(Kind.RUN_OPENED, OPEN, {"run": "r1"})
            journal.record(step(1))
        return f"postgresql:{name}"

    def test_it_is_verified_tailed_counted_and_exported_like_a_file(
        self, rung: Said, place: str, tmp_path: Path
    ) -> None:
        code, out, err = rung("verify", place)
        assert (code, err) == (0, "")
        assert "the chain holds: 2 entries" in out
        assert "run_opened" in rung("tail", place)[1]
        assert json.loads(rung("stats", place, "--json")[1])["entries"] == 2
        assert rung("export", place, "--jsonl", tmp_path / "e.jsonl")[0] == 0
        assert rung("verify", tmp_path / "e.jsonl")[0] == 0

    def test_a_tampered_row_ends_with_3_and_names_the_entry(self, rung: Said, place: str, postgres_dsn: str) -> None:
        import psycopg

        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")  # past the triggers, as an administrator could
            name = place.removeprefix("postgresql:")
            connection.execute("UPDATE rung_entries SET at_ns = at_ns + 1 WHERE journal = %s AND seq = 2", (name,))
        code, _, err = rung("verify", place)
        assert code == 3
        assert "entry 2" in err

    def test_a_name_the_database_does_not_know_is_said(self, rung: Said, place: str) -> None:
        code, _, err = rung("verify", place + "x")
        assert code == 2
        assert "holds no journal named" in err

    @pytest.mark.parametrize("verb", ["recover", "backup"])
    def test_what_is_done_to_files_is_refused(self, rung: Said, place: str, verb: str, tmp_path: Path) -> None:
        code, _, err = rung(verb, place, *([tmp_path / "copy"] if verb == "backup" else []))
        assert code == 2
        assert "journal file" in err


def test_without_a_named_database_nothing_is_guessed(rung: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNG_DATABASE", raising=False)
    code, _, err = rung("stats", "postgresql:main")
    assert code == 2
    assert "RUNG_DATABASE" in err
