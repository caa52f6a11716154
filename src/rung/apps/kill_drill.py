"""`rung kill --drill`: kills a desk of its own in every state a desk can be in, and keeps the evidence.

The real kill switch, gates and processes, in a folder of their own below the state folder: the account's desk and
its switch are not touched.
"""

from __future__ import annotations

import select
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

from rung.adapters.state.atomic import write_json
from rung.adapters.state.kill_switch import FILE, FileKillSwitch
from rung.adapters.state.system_clock import SystemClock

WITHIN_SECONDS = 1.0
_START_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillCheck:
    """One thing that was tried. milliseconds : from the kill to the first refused entry."""

    name: str
    passed: bool
    milliseconds: float
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillEvidence:
    """All checks of one drill; also kept as JSON at `path`."""

    at_ns: int
    checks: tuple[DrillCheck, ...]
    path: str

    @property
    def passed(self) -> bool:
        return all(check.passed for check in self.checks)


class _Round(NamedTuple):
    """What the desk said once: when, and whether it let the entry and the exit through."""

    at_ns: int
    entry: bool
    leave: bool


class _DrillDesk:
    """A desk in a process of its own."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "rung.apps.drill_desk", str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603

    def next_round(self, seconds: float) -> _Round:
        """The next thing it says. Raises TimeoutError when it is silent or gone."""
        assert self.process.stdout is not None  # noqa: S101  (a pipe was asked for)
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise TimeoutError("the desk is silent")
        words = self.process.stdout.readline().split()
        if len(words) != 3:
            raise TimeoutError("the desk is gone")
        return _Round(int(words[0]), words[1] == b"True", words[2] == b"True")

    def until(self, wanted: Callable[[_Round], bool], seconds: float) -> _Round:
        """The first round that is as wanted. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            said = self.next_round(max(0.001, end - time.monotonic()))
            if wanted(said):
                return said
        raise TimeoutError(f"not within {seconds:g} s")


def run_drill(state: Path) -> DrillEvidence:
    """Run every check, keep the evidence in `state`/drills. Raises OSError when that cannot be written."""
    at_ns = SystemClock().now_ns()
    folder = state / "drills"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".scratch-") as scratch:
        checks = tuple(
            _tried(name, drill, Path(scratch) / str(number)) for number, (name, drill) in enumerate(_CHECKS.items())
        )
    path = folder / f"kill-{at_ns}.json"
    evidence = DrillEvidence(at_ns=at_ns, checks=checks, path=str(path))
    write_json(path, {**asdict(evidence), "passed": evidence.passed})
    return evidence


def _tried(name: str, drill: Callable[[Path], tuple[float, str]], folder: Path) -> DrillCheck:
    """A check that raises has failed, and says how."""
    folder.mkdir()
    try:
        seconds, said = drill(folder)
    except Exception as error:  # noqa: BLE001 - the evidence of a failed drill is that it failed
        return DrillCheck(name=name, passed=False, milliseconds=0.0, said=f"{type(error).__name__}: {error}")
    return DrillCheck(name=name, passed=seconds < WITHIN_SECONDS, milliseconds=seconds * 1e3, said=said)


def _running(folder: Path) -> tuple[float, str]:
    with _desk(folder) as desk:
        started = time.monotonic_ns()
        _switch(folder).kill(person="drill", reason="drill", flatten=True)
        refused = desk.until(lambda said: not said.entry, WITHIN_SECONDS)
        _expect(refused.leave, "the exit was refused")
        return (refused.at_ns - started) / 1e9, "entries refused, exits pass"


def _hanging(folder: Path) -> tuple[float, str]:
    with _desk(folder) as desk:
        desk.process.send_signal(signal.SIGSTOP)
        started = time.monotonic_ns()
        _switch(folder).kill(person="drill", reason="drill")
        latched = time.monotonic_ns()
        desk.process.send_signal(signal.SIGCONT)
        after = desk.until(lambda said: said.at_ns > latched, WITHIN_SECONDS)
        if after.entry:  # the round that was in flight while the desk was stopped
            after = desk.next_round(WITHIN_SECONDS)
        _expect(not after.entry, "an entry passed after the kill")
        return (latched - started) / 1e9, "killed while it hung; refuses when it wakes"


def _dead(folder: Path) -> tuple[float, str]:
    with _desk(folder) as desk:
        desk.process.kill()
        desk.process.wait()
    started = time.monotonic()
    _switch(folder).kill(person="drill", reason="drill")
    seconds = time.monotonic() - started
    with _started(folder) as desk:
        first = desk.next_round(_START_SECONDS)
        _expect(not first.entry, "the first entry after the restart passed")
    return seconds, "killed while no desk ran; the next desk starts killed"


def _database_locked(folder: Path) -> tuple[float, str]:
    with sqlite3.connect(folder / "journal.sqlite") as database:
        database.execute("BEGIN EXCLUSIVE")
        seconds, _ = _running(folder)
        database.rollback()
    return seconds, "the journal was locked all the time"


def _folder_refuses(folder: Path) -> tuple[float, str]:
    with _desk(folder) as desk:
        (folder / FILE).mkdir()  # what cannot be replaced by a file, also for root
        started = time.monotonic_ns()
        _switch(folder).kill(person="drill", reason="drill")
        refused = desk.until(lambda said: not said.entry, WITHIN_SECONDS)
        _expect((folder / "trigger").exists(), "no trigger was left")
        return (refused.at_ns - started) / 1e9, "the state file could not be written; the trigger stands in"


def _resumed(folder: Path) -> tuple[float, str]:
    with _desk(folder) as desk:
        started = time.monotonic_ns()
        switch = _switch(folder)
        switch.kill(person="drill", reason="drill")
        refused = desk.until(lambda said: not said.entry, WITHIN_SECONDS)
        switch.resume(person="drill", reason="drill is over")
        desk.until(lambda said: said.entry, WITHIN_SECONDS)
        return (refused.at_ns - started) / 1e9, "opens again only after a resume with a reason"


_CHECKS: dict[str, Callable[[Path], tuple[float, str]]] = {
    "a running desk": _running,
    "a hanging desk": _hanging,
    "a dead desk": _dead,
    "a locked database": _database_locked,
    "a state folder that refuses": _folder_refuses,
    "resume": _resumed,
}


def _switch(folder: Path) -> FileKillSwitch:
    return FileKillSwitch(folder, SystemClock(), triggers=(folder / "trigger",))


@contextmanager
def _desk(folder: Path) -> Iterator[_DrillDesk]:
    """A started desk that has just let an entry through."""
    with _started(folder) as desk:
        desk.until(lambda said: said.entry and said.leave, _START_SECONDS)
        yield desk


@contextmanager
def _started(folder: Path) -> Iterator[_DrillDesk]:
    desk = _DrillDesk(folder)
    try:
        yield desk
    finally:
        desk.process.kill()
        desk.process.wait()
        for pipe in (desk.process.stdin, desk.process.stdout):
            if pipe is not None:
                pipe.close()


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise AssertionError(otherwise)
