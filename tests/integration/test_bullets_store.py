"""`from rung import BulletStore` over real runs: the source's own script, every refusal, and what goes wrong."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from tests.integration.mock_runs import RUNG

from rung import BulletStore
from rung.adapters.stores.jsonl import export
from rung.adapters.stores.sqlite import SqliteReader, SqliteStore
from rung.apps.cli.main import main
from rung.domain.errors import Tampered, UserError
from rung.domain.step import Step
from rung.domain.target import Action
from rung.domain.verdicts import Approved, Refused, ViolationKind
from rung.journal.bullet import Bullet, bullet_id, from_json, to_json
from rung.journal.bullets import BulletFold
from rung.journal.entry import Kind
from rung.journal.journal import Durability, Journal, steps
from rung.journal.regimes import BulletParams

SCRIPT = """# Python script to analyze bullets
from rung import BulletStore

store = BulletStore()

# Get all bullets
bullets = store.load_all()
print(f"Total trading decisions: {len(bullets)}")

# Count decisions
trades = [b for b in bullets if b.llm_decision['decision'] == 'TRADE']
no_trades = [b for b in bullets if b.llm_decision['decision'] == 'NO_TRADE']
print(f"TRADE decisions: {len(trades)}")
print(f"NO_TRADE decisions: {len(no_trades)}")

# Count rejections
rejected = store.query(tags=["rejected"])
print(f"Risk rejections: {len(rejected)}")

# Analyze violations
for bullet in rejected:
    violations = bullet.risk_check['violations']
    messages = bullet.risk_check['messages']
    print(f"\\nSymbol: {bullet.symbol}")
    print(f"Violations: {violations}")
    print(f"Messages: {messages}")

# Get regime breakdown
stats = store.get_stats()
print(f"\\nRegime statistics:")
print(f"Volatility: {stats['regimes']['volatility']}")
print(f"Trend: {stats['regimes']['trend']}")
"""
"""The usage guide's "Analyze Trading History", word for word but for the import."""

LIMITS = """
max_symbol_notional_frac = 0.40
max_gross_notional_frac = 0.50
max_positions = 2
max_orders_per_minute = 1
"""
NAME = "journal_2025-03-03_2025-03-04.sqlite"
INDEX = "bullets.sqlite"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder in which two synthetic days ran under limits tight enough to be hit."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "limits.toml").write_text(LIMITS)
    assert main(["data", "synth", "--output", str(folder / "tapes"), "--days", "2", "--start-date", "2025-03-03"]) == 0
    words = ("--start-date", "2025-03-03", "--end-date", "2025-03-04", "--shuffles", "0", "--warm-up", "0")
    places = {"--data": "tapes", "--limits": "limits.toml", "--out": "logs/mock_trading"}
    assert main(["mock", *words, *(word for f, p in places.items() for word in (f, str(folder / p)))]) == 0
    BulletStore(folder / "logs" / "mock_trading").close()
    return folder


@pytest.fixture
def runs(desk: Path, tmp_path: Path) -> Path:
    """A folder of its own with that run's journal and the index of it."""
    for name in (NAME, INDEX):
        shutil.copy(desk / "logs" / "mock_trading" / name, tmp_path / name)
    return tmp_path


def recorded(folder: Path, name: str = NAME) -> list[Step]:
    with closing(SqliteReader(folder / name)) as reader:
        return list(steps(reader))


def written(path: Path, story: list[Step], header: str = "run") -> None:
    with Journal(SqliteStore(path, writer="test"), durability=Durability.grouped(500)) as journal:
        journal.append(Kind.RUN_OPENED, story[0].at_ns, {"run": header})
        for step in story:
            journal.record(step)


def bodies(store: BulletStore) -> list[bytes]:
    return [to_json(bullet) for bullet in store.iterate()]


def test_the_sources_own_script_runs_as_it_is(desk: Path) -> None:
    (desk / "analyze.py").write_text(SCRIPT)
    ran = subprocess.run(
        [sys.executable, "analyze.py"], cwd=desk, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    refusals = sum(isinstance(v, Refused) for step in recorded(desk / "logs" / "mock_trading") for v in step.verdicts)
    assert f"Risk rejections: {refusals}\n" in ran.stdout
    assert ran.stdout.count("Symbol: ") == refusals > 0
    assert "NO_TRADE decisions: 0\n" in ran.stdout
    assert "Volatility: {'low': " in ran.stdout


def test_every_refusal_of_the_journal_has_a_bullet_with_its_violations(runs: Path) -> None:
    with BulletStore(runs) as store:
        told = {b.llm_decision["actions"][0]["order_id"]: b for b in store.query(tags=["rejected"])}
        kinds: Counter[str] = Counter()
        for step in recorded(runs):
            for verdict in step.verdicts:
                if isinstance(verdict, Refused):
                    bullet = told.pop(verdict.order.order_id)
                    assert (bullet.at_ns, bullet.symbol) == (step.at_ns, verdict.order.symbol)
                    assert bullet.violations == [v.kind.value for v in verdict.violations]
                    assert bullet.risk_check["messages"] == [v.message for v in verdict.violations]
                    kinds.update(set(bullet.violations))
        assert told == {}
        assert store.get_stats()["violations"] == dict(kinds)
        for kind, number in kinds.items():
            assert len(store.query(violation=kind)) == number


def test_every_order_that_was_sent_has_a_bullet_and_every_fill_is_in_one(runs: Path) -> None:
    story = recorded(runs)
    sent = {v.order.order_id for s in story for v in s.verdicts if isinstance(v, Approved) and v.order.quantity > 0}
    with BulletStore(runs) as store:
        approved = [b for b in store.iterate() if b.risk_check["approved"]]
    assert {b.llm_decision["actions"][0]["order_id"] for b in approved} == sent
    bought = sum(float(f.quantity) for s in story for f in s.fills if f.order_id in sent)
    assert sum(b.execution_result["filled_quantity"] for b in approved) == pytest.approx(bought)


def test_the_round_trips_add_up_to_the_change_of_equity(runs: Path) -> None:
    last = recorded(runs)[-1].account
    assert last.positions == {}
    with BulletStore(runs) as store:
        entries = [b for b in store.iterate() if b.llm_decision["action"].startswith("ENTER")]
    total = sum(b.pnl for b in entries if b.pnl is not None)
    assert total == pytest.approx(float(last.equity_quote - Decimal(100_000)), abs=1e-6)


def test_edges_lead_to_bullets_that_are_there(runs: Path) -> None:
    with BulletStore(runs) as store:
        edges = [(b, e) for b in store.iterate() for e in b.edges]
        ends = [store.load(edge["target_id"]) for _, edge in edges]
    assert {edge["type"] for _, edge in edges} == {"led_to", "confirmed_by", "invalidated_by", "same_regime_as"}
    assert all(end.symbol == bullet.symbol for (bullet, _), end in zip(edges, ends, strict=True))


def test_a_journal_that_grows_is_read_on_from_where_it_was_left(runs: Path) -> None:
    story = recorded(runs)
    grown, at_once = runs / "a", runs / "b"
    for folder in (grown, at_once):
        folder.mkdir()
    path = grown / "journal.sqlite"
    written(path, story[:200])
    for cut in (350, len(story)):
        heard: list[int] = []
        with BulletStore(grown, progress=lambda _, done, heard=heard: heard.append(done)) as store:
            assert len(store.query(tags=["rejected"])) > 0
        before = cut - 150 if cut == 350 else 350
        with Journal(SqliteStore(path, writer="test"), durability=Durability.grouped(500)) as journal:
            for step in story[before:cut]:
                journal.record(step)
    written(at_once / "journal.sqlite", story)
    with BulletStore(grown) as first, BulletStore(at_once) as second:
        assert bodies(first) == bodies(second)
        assert all(b.execution_result["status"] != "working" for b in first.iterate())


def test_opening_again_reads_nothing_again(runs: Path) -> None:
    BulletStore(runs).close()
    heard: list[str] = []
    with BulletStore(runs, progress=lambda name, done: heard.append(name)) as store:
        assert store.get_stats()["total"] > 0
    assert heard == []


def test_the_index_is_a_cache(runs: Path) -> None:
    with BulletStore(runs) as store:
        before, path = bodies(store), store.index_path
    path.unlink()
    with BulletStore(runs) as store:
        assert bodies(store) == before


def test_a_journal_written_anew_or_taken_away_takes_its_bullets_with_it(runs: Path) -> None:
    story = recorded(runs)
    other = runs / "journal_other.sqlite"
    written(other, story[:300], "other")
    with BulletStore(runs) as store:
        both = store.get_stats()["total"]
    other.unlink()
    written(other, story[:100], "anew")
    with BulletStore(runs) as store:
        fewer = store.get_stats()["total"]
    other.unlink()
    with BulletStore(runs) as store:
        alone = store.get_stats()["total"]
    assert alone <= fewer < both


def test_two_runs_over_the_same_minutes_are_kept_apart_and_a_copy_counts_once(runs: Path) -> None:
    with BulletStore(runs) as store:
        alone = store.get_stats()["total"]
    shutil.copy(runs / NAME, runs / "journal_backup.sqlite")
    with BulletStore(runs) as store:
        assert store.get_stats()["total"] == alone
    written(runs / "journal_again.sqlite", recorded(runs), "another run")
    with BulletStore(runs) as store:
        assert store.get_stats()["total"] == 2 * alone


def test_one_journal_of_many_can_be_asked_alone(runs: Path) -> None:
    written(runs / "journal_other.sqlite", recorded(runs)[:300], "other")
    with BulletStore(runs / NAME) as store, BulletStore(runs) as whole:
        assert 0 < store.get_stats()["total"] < whole.get_stats()["total"]
        path, before = store.index_path, bodies(store)
    with BulletStore(path) as asleep:
        assert bodies(asleep) == before


def test_an_exported_journal_gives_the_same_bullets(runs: Path) -> None:
    with closing(SqliteReader(runs / NAME)) as reader:
        export(reader.read(), runs / "kept.jsonl")
    with BulletStore(runs / "kept.jsonl") as kept, BulletStore(runs) as store:
        assert bodies(kept) == bodies(store)


def test_without_a_recorded_run_the_desks_own_folder_is_looked_at(
    runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".rung").mkdir()
    (runs / NAME).rename(tmp_path / ".rung" / "journal.sqlite")
    monkeypatch.chdir(tmp_path)
    with BulletStore() as store:
        assert store.index_path == Path(".rung") / INDEX
        assert store.get_stats()["total"] > 0


def test_holds_are_told_when_asked_for_and_leave_the_other_index_alone(runs: Path) -> None:
    with BulletStore(runs) as store:
        plain = bodies(store)
    with BulletStore(runs, params=BulletParams(holds=True)) as store:
        held = store.query(decision="no_trade")
        wanted = sum(t.action is Action.HOLD for s in recorded(runs) for t in s.targets)
        assert len(held) == wanted > 0
        assert store.get_stats()["total"] == len(plain) + wanted
    with BulletStore(runs) as store:
        assert bodies(store) == plain


def test_questions_are_asked_as_the_source_asks_them(runs: Path) -> None:
    with BulletStore(runs) as store:
        everything = store.load_all()
        assert [b.at_ns for b in everything] == sorted((b.at_ns for b in everything), reverse=True)
        assert store.load_all(3) == everything[:3]
        assert store.query("TQQQ", "sideways", ["rejected", "outcome:win"], 5) == [
            b for b in everything
            if b.symbol == "TQQQ" and b.regime["trend"] == "sideways" and {"rejected", "outcome:win"} & set(b.tags)
        ][:5]  # fmt: skip
        assert store.query(since="2025-03-04") + store.query(until="2025-03-03") == everything
        assert store.query(since="2025-03-04T15:00", until="2025-03-04T15:30", limit=0) == []
        half = store.query(since="2025-03-04T15:00", until="2025-03-04T15:30")
        assert {b.timestamp[11:14] for b in half} <= {"15:"}
        assert store.query(violation="MAX_POSITIONS") == store.query(violation=ViolationKind.MAX_POSITIONS.value)
        one = everything[5]
        assert store.load(one.id) == store.load(one.id[:10]) == one


def test_a_bullet_made_elsewhere_is_kept_beside_those_of_journals(runs: Path) -> None:
    made = Bullet(
        id=bullet_id("2025-09-15T13:30:00Z", "BTC", "NO_TRADE"), timestamp="2025-09-15T13:30:00Z",
        at_ns=1_757_943_000_000_000_000, symbol="BTC", state={"regime": {"volatility": "high"}},
        action={"llm_decision": {"decision": "NO_TRADE"}, "risk_check": {"violations": ["too_greedy"]}}, tags=("mine",),
    )  # fmt: skip
    with BulletStore(runs) as store:
        assert store.save(made) == made.id
    with BulletStore(runs) as store:
        assert store.query(tags="mine") == store.query(violation="too_greedy") == store.load_all(1) == [made]
    with BulletStore(runs / "own.sqlite", create=True) as store:
        store.save(made)
        assert store.get_stats()["date_range"] == {"start": made.timestamp, "end": made.timestamp}


def test_the_export_reads_back(runs: Path) -> None:
    with BulletStore(runs) as store:
        assert store.export_jsonl(runs / "all.jsonl") == len(store.load_all())
        lines = (runs / "all.jsonl").read_bytes().splitlines()
        assert [from_json(line) for line in lines] == store.load_all()
        with pytest.raises(UserError, match="exists already"):
            store.export_jsonl(runs / "all.jsonl")


def test_the_fold_alone_makes_the_same_bullets(runs: Path) -> None:
    with closing(SqliteReader(runs / NAME)) as reader:
        first = next(reader.read(1, 1))
        fold = BulletFold(run=first.hash.hex()[:16])
        made = [bullet for step in steps(reader) for bullet in fold.see(step)]
    with BulletStore(runs) as store:
        assert {b.id: b for b in [*made, *fold.flush()]} == {b.id: b for b in store.iterate()}


# -- what goes wrong ----------------------------------------------------------------------------------------------


def edit(path: Path, sql: str) -> None:
    """Change a journal that was not read yet."""
    (path.parent / INDEX).unlink()
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER entries_no_update")
    connection.execute(sql)
    connection.commit()
    connection.close()


def test_an_edited_journal_gives_no_bullets(runs: Path) -> None:
    edit(runs / NAME, "UPDATE entries SET payload = CAST(replace(payload, 'TQQQ', 'SQQQ') AS BLOB) WHERE seq = 300")
    with pytest.raises(Tampered, match="300") as caught:
        BulletStore(runs)
    assert NAME in str(caught.value)
    with BulletStore(runs / INDEX) as store:
        assert store.load_all() == []


def test_what_is_edited_behind_the_part_that_was_read_is_found_too(runs: Path) -> None:
    story = recorded(runs)[:60]
    path = runs / "journal_grows.sqlite"
    written(path, story[:50], "grows")
    BulletStore(runs).close()
    with Journal(SqliteStore(path, writer="test")) as journal:
        for step in story[50:]:
            journal.record(step)
    connection = sqlite3.connect(path)
    connection.execute("DROP TRIGGER entries_no_update")
    connection.execute("UPDATE entries SET kind = 'event' WHERE seq = 55")
    connection.commit()
    connection.close()
    with pytest.raises(Tampered, match="entry 55"):
        BulletStore(runs)


def test_a_journal_of_a_newer_rung_says_upgrade(runs: Path) -> None:
    connection = sqlite3.connect(runs / NAME)
    connection.execute("INSERT INTO migrations VALUES (99, 'from the future')")
    connection.commit()
    connection.close()
    with pytest.raises(UserError, match="upgrade Rung"):
        BulletStore(runs)


def test_a_journal_with_a_key_needs_its_key(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story, key = recorded(runs)[:50], "a key that nobody is told of"
    path = runs / "keyed.sqlite"
    with Journal(SqliteStore(path, writer="test"), key=key.encode()) as journal:
        journal.append(Kind.RUN_OPENED, story[0].at_ns, {})
        for step in story:
            journal.record(step)
    monkeypatch.delenv("RUNG_JOURNAL_KEY", raising=False)
    with pytest.raises(UserError, match="RUNG_JOURNAL_KEY") as caught:
        BulletStore(path)
    assert key not in str(caught.value)
    monkeypatch.setenv("RUNG_JOURNAL_KEY", key)
    BulletStore(path).close()


def test_without_a_journal_it_says_where_it_looked_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"logs/mock_trading, in \.rung or in logs/demo — run `rung demo` or"):
        BulletStore()
    with pytest.raises(UserError, match="no such journal"):
        BulletStore("nowhere.sqlite")
    with pytest.raises(UserError, match="name a folder a run wrote to"):
        BulletStore(tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UserError, match="not a Rung journal"):
        BulletStore("notes.txt")


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"regime": "sidewas"}, "did you mean 'sideways'"),
        ({"regime": "volatilty:low"}, "did you mean 'volatility'"),
        ({"regime": "trend:low"}, "there are: up, down, sideways"),
        ({"violation": "missing_stop_los"}, "did you mean 'missing_stop_loss'"),
        ({"since": "yesterday"}, "since: 'yesterday' is no time"),
        ({"until": "2025-13-01"}, "until: '2025-13-01' is no time"),
        ({"limit": -1}, "a limit of -1"),
        ({"since": "2025-03-05", "until": "2025-03-04"}, "since 2025-03-05 is not before until 2025-03-04 — swap them"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(runs: Path, question: dict[str, object], said: str) -> None:
    with BulletStore(runs) as store, pytest.raises(UserError, match=said):
        store.query(**question)  # type: ignore[arg-type]


def test_an_unknown_word_in_a_question_is_a_mistake_of_the_caller(runs: Path) -> None:
    with BulletStore(runs) as store, pytest.raises(TypeError, match="simbol"):
        store.query(simbol="TQQQ")  # type: ignore[call-arg]


def test_an_id_that_is_unknown_or_meant_twice_is_refused(runs: Path) -> None:
    with BulletStore(runs) as store:
        for n in (1, 2):
            store.save(Bullet(id=f"abcd{n:012d}", timestamp="", at_ns=n, symbol="X", state={}, action={}))
        with pytest.raises(UserError, match="begins several ids"):
            store.load("abcd")
        with pytest.raises(UserError, match="no bullet 'zzzz'"):
            store.load("zzzz")
        with pytest.raises(UserError, match="'abc' is too short to be meant — give at least 4 digits"):
            store.load("abc")


def test_importing_rung_loads_neither_the_store_nor_numpy() -> None:
    code = "import sys, rung; print(sorted({'sqlite3', 'numpy', 'msgspec', 'polars'} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout == "[]\n"
    with pytest.raises(ImportError, match="cannot import name 'BuletStore'"):
        from rung import BuletStore  # noqa: F401


# -- the verb -----------------------------------------------------------------------------------------------------


@pytest.fixture
def says(runs: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[object]:
    def run(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert main(["bullets", *words, "--journal", str(runs)]) == code
        said = capsys.readouterr()
        return said.err if code else said.out

    return run


def test_the_verb_lists_shows_counts_and_exports(says: object, runs: Path) -> None:
    import json

    assert callable(says)
    newest = json.loads(says("list", "-n", "3", "--json"))
    assert len(newest) == 3
    assert newest[0]["id"] in says("list", "-n", "1")
    shown = says("show", newest[0]["id"])
    assert "state.portfolio_state.equity" in shown
    assert json.loads(says("show", newest[0]["id"], "--json")) == newest[0]
    rejected = json.loads(says("query", "--tag", "rejected", "--symbol", "TQQQ", "--json", "-n", "1000"))
    assert {b["symbol"] for b in rejected} == {"TQQQ"}
    assert "max_positions" not in says("query", "--violation", "open_positions_exceeded", "-n", "2")
    assert json.loads(says("stats", "--json"))["total"] > len(rejected)
    assert "open_positions_exceeded" in says("stats")
    says("export", "--jsonl", str(runs / "some.jsonl"), "--tag", "rejected", "--symbol", "TQQQ")
    assert len((runs / "some.jsonl").read_text().splitlines()) == len(rejected)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "zzzz"), "there is no bullet 'zzzz'"),
        (("query", "--symbol", "TQQ"), "did you mean TQQQ?"),
        (("query", "--since", "noon"), "is no time"),
        (("query", "--regime", "lo"), "did you mean 'low'?"),
        (("query", "--since", "2025-03-05", "--until", "2025-03-04"), "swap them"),
        (("show", "1b"), "'1b' is too short"),
        (("export", "--jsonl", "no/such/folder/x.jsonl"), "no such folder"),
    ],
)
def test_the_verb_refuses_in_one_line(says: object, words: tuple[str, ...], said: str) -> None:
    assert callable(says)
    heard = says(*words, code=2)
    assert said in heard
    assert heard.count("\n") == 1


def test_an_edited_journal_ends_the_verb_with_code_3(says: object, runs: Path) -> None:
    assert callable(says)
    edit(runs / NAME, "UPDATE entries SET at_ns = at_ns + 1 WHERE seq = 10")
    assert "entry 10" in says("stats", code=3)


def test_the_verb_is_named_in_the_programs_help() -> None:
    ran = subprocess.run([*RUNG, "--help"], capture_output=True, text=True, timeout=60, check=True)
    assert "\n  bullets " in ran.stdout


def test_what_nothing_matches_is_said(says: object, runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(says)
    assert main(["bullets", "query", "--tag", "rejectd", "--journal", str(runs)]) == 0
    heard = capsys.readouterr()
    assert "nothing matches" in heard.out
    assert "no decision carries the tag 'rejectd'; did you mean 'rejected'?" in heard.err
    assert says("query", "--tag", "nope", "--json") == "[]\n"


def test_an_export_makes_no_folders(runs: Path) -> None:
    with BulletStore(runs) as store, pytest.raises(UserError, match="no such folder"):
        store.export_jsonl(runs / "no" / "such" / "x.jsonl")
    assert not (runs / "no").exists()


def test_violations_are_listed_once_each(runs: Path) -> None:
    with BulletStore(runs) as store, pytest.raises(UserError) as caught:
        store.query(violation="zzzzzz")
    listed = caught.value.remedy.removeprefix("there are: ").split(", ")
    assert len(listed) == len(set(listed)) > 20


def test_after_a_demo_its_journal_is_looked_at(
    runs: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path_factory.mktemp("home")
    (home / "logs").mkdir()
    shutil.copytree(runs, home / "logs" / "demo")
    monkeypatch.chdir(home)
    with BulletStore() as store:
        assert store.index_path == Path("logs/demo") / INDEX
        assert store.get_stats()["total"] > 0


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_the_table_fits_and_its_sentences_read_well(says: object, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert callable(says)
    monkeypatch.setenv("COLUMNS", str(width))
    lines = says("query", "--tag", "rejected", "-n", "5").splitlines()
    assert max(map(len, lines)) <= width
    header = next(line for line in lines if "symbol" in line)
    assert len(header[header.index("wh") :]) >= 20  # "why" or "what came of it"; trailing blanks are part of the line
    body = [line for line in lines[lines.index(header) + 2 :] if line.strip()]
    assert len(body) <= 5 * (5 if width < 100 else 4)
    assert sum("refused" in line for line in body) == 5
    assert (
        sum(f" {symbol} " in line for line in body for symbol in ("TQQQ", "SQQQ", "SPXL", "SDS", "UVXY", "SVXY")) == 5
    )


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody may write to the folder: as somebody else when the tests run as root, whom nothing stops."""
    modes = {path: path.stat().st_mode for path in (folder, *folder.iterdir())}
    for path in modes:
        path.chmod(0o555 if path.is_dir() else 0o444)
    root = os.geteuid() == 0
    try:
        if root:
            os.seteuid(65534)
        yield
    finally:
        if root:
            os.seteuid(0)
        for path, mode in modes.items():
            path.chmod(mode)


@pytest.mark.parametrize("with_index", [True, False])
def test_in_a_folder_that_cannot_be_written_to_the_index_is_in_memory(
    runs: Path, with_index: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with BulletStore(runs) as store:
        before = bodies(store)
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o755)
        folder = Path(home) / "runs"
        folder.mkdir()
        for name in (NAME, INDEX) if with_index else (NAME,):
            shutil.copy(runs / name, folder / name)
        there = sorted(path.name for path in folder.iterdir())
        with read_only(folder):
            with BulletStore(folder) as store:
                assert store.in_memory
                assert bodies(store) == before
                with pytest.raises(UserError, match="cannot be written"):
                    store.save(store.load_all(1)[0])
            assert main(["bullets", "list", "--journal", str(folder), "-n", "1"]) == 0
            assert "the index is in memory" in capsys.readouterr().err
        assert sorted(path.name for path in folder.iterdir()) == there
