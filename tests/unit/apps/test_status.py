"""`rung status`: reads only, and what cannot be known is never said to be well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rung.adapters.state import kill_switch
from rung.adapters.state.kill_switch import FileKillSwitch
from rung.adapters.state.risk_file import RiskFile
from rung.adapters.stores.sqlite import SqliteStore
from rung.apps.cli.main import main
from rung.apps.health import Health, Part, Places, look
from rung.domain.clock import ManualClock
from rung.journal.entry import Kind
from rung.journal.journal import Journal
from rung.risk.global_state import GlobalRiskState
from rung.risk.latches import Latches
from rung.risk.memory import remembered

NOW = 1_760_000_000_000_000_000
HOUR = 3_600_000_000_000


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(kill_switch.tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    monkeypatch.delenv("RUNG_STATE", raising=False)
    return Places(working=Path(), state=Path(".rung/state"), runs=Path("logs/mock_trading"), data=Path("data/equities"))


def part(places: Places, name: str, now_ns: int = NOW) -> Part:
    return next(p for p in look(places, now_ns) if p.name == name)


def tape(places: Places, last_ns: int) -> None:
    places.data.mkdir(parents=True, exist_ok=True)
    rows = [f"{(last_ns + i * 60 * 10**9) // 10**9}" for i in (-1, 0)]
    text = "ts_utc,ts_nyt_epoch,open,high,low,close,volume\n"
    text += "".join(f"{_new_york(int(s))},{s},10,11,9,10,100\n" for s in rows)
    (places.data / "TQQQ_RTH_NH.csv").write_text(text)


def _new_york(seconds: int) -> str:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    return datetime.fromtimestamp(seconds, ZoneInfo("America/New_York")).strftime("%Y-%m-%dT%H:%M:%S-04:00")


def risk_file(places: Places, latches: Latches, level: GlobalRiskState | None = None) -> None:
    RiskFile(places.state, "main").save(remembered((), latches, level), {"equity_quote": "1"})


def journal(places: Places, *, closed: bool) -> None:
    places.runs.mkdir(parents=True, exist_ok=True)
    with Journal(SqliteStore(places.runs / "journal_a.sqlite", writer="test")) as written:
        written.append(Kind.RUN_OPENED, NOW - HOUR, {"verb": "mock"})
        if closed:
            written.append(Kind.RUN_CLOSED, NOW, {"steps": 0})


def test_where_nothing_has_happened_nothing_is_called_well_but_maintenance(places: Places) -> None:
    parts = look(places, NOW)
    assert {p.name: p.health for p in parts} == {
        "kill switch": Health.NO_DATA,
        "maintenance": Health.OK,
        "latches": Health.NO_DATA,
        "last run": Health.NO_DATA,
        "tapes": Health.NO_DATA,
    }


def test_a_desk_that_is_well_in_every_part_passes_the_health_check(
    places: Places, capsys: pytest.CaptureFixture[str]
) -> None:
    level = GlobalRiskState()
    latches = Latches([])
    risk_file(places, latches, level)
    journal(places, closed=True)
    assert part(places, "latches of main").health is Health.OK
    assert part(places, "kill switch").detail == "off; never thrown"
    assert part(places, "last run").health is Health.OK
    assert "2 entries, complete" in part(places, "last run").detail
    assert main(["status"]) == 0
    assert main(["status", "--health"]) == 1, "the tapes are not known"
    assert "not known to be well: global risk of main, tapes" in capsys.readouterr().out


def test_a_thrown_kill_switch_is_shown_with_its_reason(places: Places) -> None:
    switch = FileKillSwitch(places.state, ManualClock(NOW))
    switch.kill(person="ada", reason="drill")
    shown = part(places, "kill switch")
    assert (shown.health, shown.detail, shown.at_ns) == (Health.LOOK, "ON: drill (ada)", NOW)
    switch.resume(person="ada", reason="over")
    assert part(places, "kill switch").health is Health.OK


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"on": false}', "\x00"])
def test_a_kill_file_that_cannot_be_read_counts_as_on(places: Places, content: str) -> None:
    places.state.mkdir(parents=True)
    (places.state / "kill.json").write_text(content)
    assert part(places, "kill switch").health is Health.LOOK
    assert part(places, "kill switch").detail.startswith("ON")


def test_a_trigger_in_the_temporary_directory_shows_before_any_desk_has_seen_it(places: Places, tmp_path: Path) -> None:
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp" / "quant_kill_switch").touch()
    assert part(places, "kill switch").detail.startswith("ON")
    assert not places.state.exists(), "looking latches nothing"


def test_a_maintenance_file_is_shown(places: Places) -> None:
    Path(".maintenance_mode").touch()
    assert part(places, "maintenance").health is Health.LOOK


def test_a_tripped_latch_is_shown_with_its_reason(places: Places) -> None:
    latches = Latches([])
    latches.trip("manual", NOW, "somebody said so")
    risk_file(places, latches)
    shown = part(places, "latches of main")
    assert (shown.health, shown.detail) == (Health.LOOK, "tripped: manual: somebody said so")
    assert part(places, "global risk of main").health is Health.NO_DATA


@pytest.mark.parametrize("content", ["", "{}", '{"version": 1, "risk": {"latches": {}}}', '{"risk": null}'])
def test_damaged_latches_need_a_look(places: Places, content: str) -> None:
    places.state.mkdir(parents=True)
    (places.state / "main.risk.json").write_text(content)
    assert part(places, "latches of main").health is Health.LOOK


def test_a_run_that_never_ended_is_shown(places: Places) -> None:
    journal(places, closed=False)
    assert part(places, "last run").health is Health.LOOK
    assert "not closed" in part(places, "last run").detail
    (places.runs / "journal_b.partial").touch()
    assert part(places, "unfinished run").health is Health.LOOK


def test_a_journal_that_is_none_needs_a_look(places: Places) -> None:
    places.runs.mkdir(parents=True)
    (places.runs / "journal_a.sqlite").write_text("no database")
    assert part(places, "last run").health is Health.LOOK


@pytest.mark.parametrize(
    ("age_hours", "health", "says"),
    [(1, Health.OK, "1 h"), (96, Health.OK, "96"), (98, Health.LOOK, "98 h"), (-5, Health.LOOK, "future")],
)
def test_a_tape_is_fresh_for_a_long_weekend(places: Places, age_hours: int, health: Health, says: str) -> None:
    newest = NOW // (60 * 10**9) * (60 * 10**9)
    tape(places, newest)
    shown = part(places, "tape TQQQ", newest + age_hours * HOUR)
    assert (shown.health, shown.at_ns) == (health, newest)
    assert says in shown.detail


def test_a_tape_that_cannot_be_read_needs_a_look(places: Places) -> None:
    places.data.mkdir(parents=True)
    assert part(places, "tapes").health is Health.NO_DATA
    (places.data / "TQQQ_RTH_NH.csv").write_text("nonsense\n")
    assert part(places, "tape TQQQ").health is Health.LOOK


def test_looking_changes_nothing(places: Places, tmp_path: Path) -> None:
    risk_file(places, Latches([]))
    journal(places, closed=True)
    tape(places, NOW)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    look(places, NOW)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_the_json_says_what_is_unwell(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--health", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["healthy"] is False
    assert "kill switch" in said["unwell"]
    assert len(said["parts"]) == 5
