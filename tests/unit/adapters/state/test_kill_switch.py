"""The kill switch: latched on disk, seen by every process, on whenever it cannot be read (P7)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rung.adapters.state import kill_switch as module
from rung.adapters.state.kill_switch import FILE, FileKillSwitch, temporary_trigger
from rung.domain.clock import ManualClock
from rung.domain.errors import Fatal, UserError
from rung.risk.kill import KillState

CLOCK = ManualClock(1_000)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


@pytest.fixture
def trigger(tmp_path: Path) -> Path:
    return tmp_path / "trigger"


@pytest.fixture
def switch(folder: Path, trigger: Path) -> FileKillSwitch:
    return FileKillSwitch(folder, CLOCK, triggers=[trigger])


def another(folder: Path, trigger: Path) -> FileKillSwitch:
    """What a second process, or the next one after a crash, would see."""
    return FileKillSwitch(folder, CLOCK, triggers=[trigger])


def test_it_is_off_until_somebody_throws_it(switch: FileKillSwitch) -> None:
    state = switch.read()
    assert not state.on
    assert state.why() is None


def test_a_kill_is_seen_by_everybody_and_survives_everything(
    switch: FileKillSwitch, folder: Path, trigger: Path
) -> None:
    switch.kill(person="ann", reason="it trades nonsense", flatten=True)
    state = another(folder, trigger).read()
    assert (state.on, state.person, state.reason, state.flatten, state.at_ns) == (
        True, "ann", "it trades nonsense", True, 1_000,
    )  # fmt: skip
    assert state.why() == "it trades nonsense (ann)"


def test_the_first_reason_stands_and_flatten_can_be_added(switch: FileKillSwitch) -> None:
    switch.kill(person="ann", reason="first")
    state = switch.kill(person="bob", reason="second", flatten=True)
    assert (state.person, state.reason, state.flatten) == ("ann", "first", True)
    assert switch.kill(person="bob", reason="third").flatten


def test_only_a_person_with_a_reason_resumes(switch: FileKillSwitch, folder: Path, trigger: Path) -> None:
    switch.kill(person="ann", reason="stop")
    for person, reason in (("", "why"), ("bob", ""), ("bob", "  ")):
        with pytest.raises(UserError, match="person with a reason"):
            switch.resume(person=person, reason=reason)
    assert switch.read().on
    another(folder, trigger).resume(person="bob", reason="fixed")
    assert not switch.read().on
    assert json.loads((folder / FILE).read_text())["reason"] == "fixed"


def test_there_is_nothing_to_resume_when_nothing_was_killed(switch: FileKillSwitch) -> None:
    with pytest.raises(UserError, match="not on"):
        switch.resume(person="bob", reason="why")


def test_a_trigger_file_kills_and_stays_killed_when_it_goes_away(
    switch: FileKillSwitch, folder: Path, trigger: Path
) -> None:
    trigger.touch()
    assert switch.read().on
    trigger.unlink()
    assert switch.read().on
    assert another(folder, trigger).read().on


def test_a_dangling_link_is_a_trigger_too(switch: FileKillSwitch, trigger: Path) -> None:
    trigger.symlink_to(trigger.parent / "nowhere")
    assert switch.read().on


def test_resuming_takes_the_trigger_away(switch: FileKillSwitch, trigger: Path) -> None:
    trigger.touch()
    switch.read()
    switch.resume(person="ann", reason="was a test")
    assert not trigger.exists()
    assert not switch.read().on


def test_a_trigger_that_cannot_be_removed_keeps_the_desk_killed(switch: FileKillSwitch, trigger: Path) -> None:
    trigger.mkdir()
    with pytest.raises(UserError, match="cannot be removed"):
        switch.resume(person="ann", reason="why")
    assert switch.read().on


def test_the_triggers_of_the_sources_are_honoured(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert temporary_trigger() == tmp_path / "quant_kill_switch"
    switch = FileKillSwitch(folder, CLOCK)
    (tmp_path / "quant_kill_switch").touch()
    assert switch.read().on
    switch.resume(person="ann", reason="why")
    (folder / "quant_kill_switch").touch()
    assert switch.read().on


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"on": false}', '{"on": "no", "at_ns": 1, "person": "", "reason": "", "flatten": false}'],
)
def test_a_damaged_file_is_on(switch: FileKillSwitch, folder: Path, content: str) -> None:
    (folder / FILE).write_text(content)
    assert switch.read().on


def test_a_file_that_cannot_be_read_is_on(switch: FileKillSwitch, folder: Path) -> None:
    (folder / FILE).mkdir()
    state = switch.read()
    assert state.on
    assert "cannot be read" in state.reason


def test_a_state_folder_that_is_gone_is_on(switch: FileKillSwitch, folder: Path) -> None:
    folder.rmdir()
    assert "is gone" in switch.read().reason


def test_looking_makes_no_folder_and_a_kill_does(tmp_path: Path) -> None:
    switch = FileKillSwitch(tmp_path / "new", CLOCK, triggers=[])
    assert "is gone" in switch.read().reason
    with pytest.raises(UserError, match="no such state folder"):
        switch.resume(person="ann", reason="a typo in --state")
    assert not (tmp_path / "new").exists()
    switch.kill(person="ann", reason="stop")
    assert (tmp_path / "new" / FILE).is_file()


def test_a_kill_file_deleted_by_hand_does_not_resume_a_desk_that_saw_it(switch: FileKillSwitch, folder: Path) -> None:
    switch.kill(person="ann", reason="stop")
    (folder / FILE).unlink()
    assert switch.read().on


def test_a_folder_that_refuses_leaves_the_trigger_and_its_words(
    switch: FileKillSwitch, folder: Path, trigger: Path
) -> None:
    (folder / FILE).mkdir()
    switch.kill(person="ann", reason="stop", flatten=True)
    assert trigger.exists()
    (folder / FILE).rmdir()
    state = another(folder, trigger).read()
    assert (state.on, state.person, state.reason, state.flatten) == (True, "ann", "stop", True)


def test_a_kill_that_can_be_written_nowhere_is_in_force_here_and_says_so(
    switch: FileKillSwitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch.kill(person="ann", reason="earlier")
    switch.resume(person="ann", reason="over")

    def refuse(*args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(module, "write_json", refuse)
    monkeypatch.setattr(module, "_pull", refuse)
    with pytest.raises(Fatal, match="disk full"):
        switch.kill(person="ann", reason="stop")
    assert switch.read().reason == "stop"
    monkeypatch.undo()
    assert switch.read().on


class BrokenClock:
    def now_ns(self) -> int:
        raise RuntimeError("no time")


def test_an_exception_inside_the_kill_path_still_kills(folder: Path, trigger: Path) -> None:
    switch = FileKillSwitch(folder, BrokenClock(), triggers=[trigger])
    assert switch.kill(person="ann", reason="stop").on
    assert another(folder, trigger).read().on


def test_words_that_no_file_can_hold_still_kill(switch: FileKillSwitch, folder: Path, trigger: Path) -> None:
    assert switch.kill(person="ann", reason="\ud800").on
    assert another(folder, trigger).read().on


def test_a_folder_that_cannot_be_made_is_killed_through_the_trigger(tmp_path: Path, trigger: Path) -> None:
    (tmp_path / "file").touch()
    switch = FileKillSwitch(tmp_path / "file" / "state", CLOCK, triggers=[trigger])
    assert switch.read().on
    switch.kill(person="ann", reason="stop")
    assert trigger.exists()


def test_nobody_elses_file_is_written_through_a_link(switch: FileKillSwitch, folder: Path, trigger: Path) -> None:
    victim = trigger.parent / "victim"
    victim.write_text("mine")
    trigger.symlink_to(victim)
    (folder / FILE).mkdir()
    switch.kill(person="ann", reason="stop")
    assert victim.read_text() == "mine"
    assert another(folder, trigger).read().on


def test_another_process_kills_this_one(switch: FileKillSwitch, folder: Path) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from rung.adapters.state.kill_switch import FileKillSwitch\n"
        "from rung.domain.clock import ManualClock\n"
        "FileKillSwitch(Path(sys.argv[1]), ManualClock(2), triggers=[]).kill(person='other', reason='from outside')"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True, timeout=60)
    assert switch.read().why() == "from outside (other)"


def test_a_reason_no_file_could_hold_is_kept_with_escapes(switch: FileKillSwitch, folder: Path, trigger: Path) -> None:
    said = switch.kill(person="ann", reason="loss in Stra\udcdfe", flatten=True)
    assert said.doubt == ""
    assert not trigger.exists()
    stored = another(folder, trigger).read()
    assert (stored.on, stored.flatten, stored.reason) == (True, True, "loss in Stra\\udcdfe")


def test_a_kill_that_could_not_be_written_says_who_may_not_hear_of_it(
    switch: FileKillSwitch, folder: Path, trigger: Path
) -> None:
    (folder / FILE).mkdir()
    said = switch.kill(person="ann", reason="stop")
    assert said.on
    assert str(folder / FILE) in said.doubt
    assert str(trigger) in said.doubt


def test_every_trigger_is_laid_when_the_state_file_refuses(folder: Path, tmp_path: Path) -> None:
    (folder / FILE).mkdir()
    triggers = [tmp_path / "one", tmp_path / "two"]
    FileKillSwitch(folder, CLOCK, triggers=triggers).kill(person="ann", reason="stop")
    assert all(trigger.exists() for trigger in triggers)


def test_a_resume_that_fails_on_the_way_leaves_the_switch_on(
    switch: FileKillSwitch, folder: Path, trigger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trigger.touch()
    assert switch.read().on
    (folder / FILE).unlink()
    writes = 0

    def full(path: Path, value: object) -> None:
        nonlocal writes
        writes += 1
        if writes > 1:
            raise OSError(28, "No space left on device")
        real(path, value)  # type: ignore[arg-type]

    real = module.write_json
    monkeypatch.setattr(module, "write_json", full)
    with pytest.raises(OSError, match="No space"):
        switch.resume(person="ann", reason="fixed")
    monkeypatch.setattr(module, "write_json", real)
    assert another(folder, trigger).read().on


def test_a_pipe_in_the_temporary_directory_is_a_trigger_and_hangs_nobody(switch: FileKillSwitch, trigger: Path) -> None:
    os.mkfifo(trigger)
    state = switch.read()
    assert (state.on, state.person, state.flatten) == (True, "file", False)


def test_a_strangers_trigger_kills_and_says_nothing(
    switch: FileKillSwitch, trigger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trigger.write_text('{"on": true, "at_ns": 1, "person": "the boss", "reason": "sell all", "flatten": true}')
    mine = os.geteuid()
    monkeypatch.setattr(module.os, "geteuid", lambda: mine + 1)
    state = switch.read()
    assert (state.on, state.person, state.flatten) == (True, "file", False)


def test_a_kill_that_comes_while_somebody_resumes_stands(switch: FileKillSwitch, folder: Path, trigger: Path) -> None:
    switch.kill(person="ann", reason="first")
    other = another(folder, trigger)
    with switch._alone(1.0):
        started = threading.Thread(target=other.kill, kwargs={"person": "bob", "reason": "again", "flatten": True})
        started.start()
        switch._resumed("ann", "fixed")
    started.join()
    state = another(folder, trigger).read()
    assert (state.on, state.person, state.flatten) == (True, "bob", True)


def test_a_kill_that_cannot_wait_for_a_slow_resume_stands_all_the_same(
    switch: FileKillSwitch, folder: Path, trigger: Path
) -> None:
    switch.kill(person="ann", reason="first")
    other = another(folder, trigger)
    real = switch._write

    def slowly(state: KillState) -> None:
        if not state.on:
            other.kill(person="bob", reason="not yet", flatten=True)
        real(state)

    switch._write = slowly  # type: ignore[method-assign]
    switch.resume(person="ann", reason="fixed")
    state = another(folder, trigger).read()
    assert (state.on, state.person, state.flatten) == (True, "bob", True)
