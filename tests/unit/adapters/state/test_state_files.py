"""The other files of the state folder: switches, latches, wishes, profiles; damaged ones are told, never guessed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from rung.adapters.state.atomic import read_json, write_json
from rung.adapters.state.kill_switch import FileKillSwitch
from rung.adapters.state.profiles_file import Assignment, ProfilesFile
from rung.adapters.state.risk_file import RearmBox, Rearming, RiskFile
from rung.adapters.state.switches import MAINTENANCE_FILE, Switches, maintenance_why, on_stop_signals
from rung.domain.clock import ManualClock
from rung.domain.errors import UserError


def test_the_flags_say_what_was_found_at_the_last_look(tmp_path: Path) -> None:
    kill = FileKillSwitch(tmp_path, ManualClock(1), triggers=[])
    file = tmp_path / MAINTENANCE_FILE
    switches = Switches(kill, [file])
    assert switches.kill.why() is not None  # nobody looked yet
    assert switches.maintenance.why() is not None
    switches.poll()
    assert (switches.kill.why(), switches.maintenance.why()) == (None, None)
    file.touch()
    kill.kill(person="ann", reason="stop")
    assert (switches.kill.why(), switches.maintenance.why()) == (None, None)
    switches.poll()
    assert switches.kill.why() == "stop (ann)"
    assert switches.maintenance.why() == f"{file} exists"


def test_maintenance_ends_with_its_file(tmp_path: Path) -> None:
    file = tmp_path / MAINTENANCE_FILE
    file.touch()
    assert maintenance_why([file])
    file.unlink()
    assert maintenance_why([file]) is None


def test_a_maintenance_file_that_cannot_be_looked_at_is_there(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be looked at" in str(maintenance_why([tmp_path / "file" / "below"]))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_signal_is_told_once_and_the_former_way_comes_back(number: signal.Signals) -> None:
    told: list[str] = []
    before = signal.getsignal(number)
    with on_stop_signals(told.append):
        os.kill(os.getpid(), number)
        assert told == [number.name]
        assert signal.getsignal(number) is before
    assert signal.getsignal(number) is before


def test_what_a_desk_must_not_forget_comes_back_as_it_was(tmp_path: Path) -> None:
    file = RiskFile(tmp_path, "main")
    assert file.load() is None
    file.save({"latches": {"a": 1}}, {"equity_quote": "100000.01"})
    stored = RiskFile(tmp_path, "main").load()
    assert stored is not None
    assert (stored["risk"], stored["snapshot"]) == ({"latches": {"a": 1}}, {"equity_quote": "100000.01"})


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"version": 1}', '{"version": 2, "risk": {}, "snapshot": {}}', "\xff"]
)
def test_a_desk_does_not_start_without_its_latches(tmp_path: Path, content: str) -> None:
    (tmp_path / "main.risk.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(UserError, match=r"main\.risk\.json"):
        RiskFile(tmp_path, "main").load()


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a b", "ünïcode/../x"])
def test_an_account_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="no name"):
        RiskFile(tmp_path, name)


def test_wishes_are_taken_once_oldest_first(tmp_path: Path) -> None:
    box = RearmBox(tmp_path, "main")
    assert box.take() == ()
    wishes = tuple(
        Rearming(latch=latch, at_ns=at_ns, person="ann", reason="why") for at_ns, latch in ((1, "b"), (2, "a"))
    )
    for wish in reversed(wishes):
        box.ask(wish)
    assert RearmBox(tmp_path, "other").take() == ()
    assert RearmBox(tmp_path, "main").take() == wishes
    assert box.take() == ()


def test_profiles_are_kept_with_who_and_why(tmp_path: Path) -> None:
    file = ProfilesFile(tmp_path)
    given = Assignment(profile="micro", at_ns=1, person="ann", reason="first money")
    file.assign("main", given)
    file.assign("other", given)
    file.assign("main", Assignment(profile="low", at_ns=2, person="bob", reason="four good weeks"))
    assert ProfilesFile(tmp_path).all()["other"] == given
    assert ProfilesFile(tmp_path).all()["main"].profile == "low"


def test_a_profile_that_cannot_be_read_is_no_profile(tmp_path: Path) -> None:
    file = ProfilesFile(tmp_path)
    look = file.reader("main")
    assert look() is None
    file.assign("main", Assignment(profile="micro", at_ns=1, person="ann", reason="why"))
    assert look() == "micro"
    (tmp_path / "profiles.json").write_text("{")
    assert look() is None


def test_a_file_is_the_old_or_the_new_one_and_nothing_is_left_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.json"
    write_json(path, {"n": 1})

    def torn(descriptor: int) -> None:
        raise OSError("power cut")

    monkeypatch.setattr(os, "fsync", torn)
    with pytest.raises(OSError, match="power cut"):
        write_json(path, {"n": 2})
    monkeypatch.undo()
    assert read_json(path) == {"n": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_other_people_cannot_read_the_state(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {})
    assert (tmp_path / "a.json").stat().st_mode & 0o077 == 0
