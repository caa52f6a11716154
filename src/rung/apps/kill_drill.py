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
LOCKED_SECONDS = 0.3
_START_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillCheck:
    """One thing that was tried. milliseconds : from the kill (of a desk that hung, was dead or waited: from the moment
    it could go on) to the first sign that it is obeyed: an entry withdrawn or refused, positions sent out.
    """

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
    """What the desk said after one step: see `drill_desk`."""

    at_ns: int
    entries: int
    refused: int
    exits: int
    cancels: int
    opened: int
    unfilled: int
    positions: int


class _DrillDesk:
    """A desk in a process of its own."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "rung.apps.drill_desk", str(folder)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)  # noqa: S603

    def next_round(self, seconds: float) -> _Round:
        """The next thing it says. Raises TimeoutError when it is silent or gone."""
        assert self.process.stdout is not None  # noqa: S101  (a pipe was asked for)
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            raise TimeoutError("the desk is silent")
        words = self.process.stdout.readline().split()
        if len(words) != len(_Round._fields):
            raise TimeoutError("the desk is gone")
        return _Round(*map(int, words))

    def until(self, wanted: Callable[[_Round], bool], seconds: float) -> _Round:
        """The first round that is as wanted. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            said = self.next_round(max(0.001, end - time.monotonic()))
            if wanted(said):
                return said
        raise TimeoutError(f"not within {seconds:g} s")

    def drain(self) -> None:
        """Forget what it has said so far."""
        assert self.process.stdout is not None  # noqa: S101  (a pipe was asked for)
        while select.select([self.process.stdout], [], [], 0.0)[0] and self.process.stdout.readline():
            pass

    def last_round(self, seconds: float) -> _Round:
        """The last thing it says before it ends. Raises TimeoutError when it goes on, or says nothing more."""
        said: _Round | None = None
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                said = self.next_round(max(0.001, end - time.monotonic()))
            except TimeoutError:
                break
        if said is None or (self.process.poll() is None and time.monotonic() >= end):
            raise TimeoutError(f"it did not end within {seconds:g} s")
        return said


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
        _switch(folder).kill(person="drill", reason="drill")
        withdrawn = desk.until(lambda said: said.cancels > 0, WITHIN_SECONDS)
        _expect(withdrawn.opened == 0 and withdrawn.entries == 0, "the unfilled entry was filled after the kill")
        refused = _expect_nothing_opened(desk, until=lambda said: said.refused > 0)
        _expect(refused.unfilled == 0, "an entry is left at the venue")
        return (withdrawn.at_ns - started) / 1e9, "the unfilled entry was withdrawn, new ones are refused"


def _exits(folder: Path) -> tuple[float, str]:
    with _desk(folder) as desk:
        desk.until(lambda said: said.positions == 2, _START_SECONDS)
        started = time.monotonic_ns()
        _switch(folder).kill(person="drill", reason="drill")
        left = desk.until(lambda said: said.exits > 0, WITHIN_SECONDS)
        _expect_nothing_opened(desk, until=lambda said: said.positions == 1)
        return (left.at_ns - started) / 1e9, "the strategy's exit passed and was filled; BASE is kept"


def _flattened(folder: Path) -> tuple[float, str]:
    with _desk(folder) as desk:
        desk.until(lambda said: said.positions == 2, _START_SECONDS)
        started = time.monotonic_ns()
        _switch(folder).kill(person="drill", reason="drill", flatten=True)
        leaving = desk.until(lambda said: said.exits == 2, WITHIN_SECONDS)
        _expect_nothing_opened(desk, until=lambda said: said.positions == 0 and said.unfilled == 0)
        return (leaving.at_ns - started) / 1e9, "both positions were sent out at once, and are closed"


def _hanging(folder: Path) -> tuple[float, str]:
    with _desk(folder) as desk:
        desk.process.send_signal(signal.SIGSTOP)
        _switch(folder).kill(person="drill", reason="drill")
        desk.drain()
        woken = time.monotonic_ns()
        desk.process.send_signal(signal.SIGCONT)
        first = _expect_nothing_opened(desk, until=lambda said: said.cancels + said.refused > 0)
        return (first.at_ns - woken) / 1e9, "killed while it hung; obeys when it wakes"


def _dead(folder: Path) -> tuple[float, str]:
    with _desk(folder) as desk:
        desk.process.kill()
        desk.process.wait()
    _switch(folder).kill(person="drill", reason="drill")
    with _started(folder) as desk:
        first = desk.next_round(_START_SECONDS)
        refused = _expect_nothing_opened(desk, until=lambda said: said.refused > 0, first=first)
        return (refused.at_ns - first.at_ns) / 1e9, "killed while no desk ran; the next desk starts killed"


def _database_locked(folder: Path) -> tuple[float, str]:
    with _desk(folder) as desk:
        database = sqlite3.connect(folder / "journal.sqlite", isolation_level=None)
        database.execute("BEGIN EXCLUSIVE")
        _switch(folder).kill(person="drill", reason="drill")
        time.sleep(LOCKED_SECONDS)
        desk.drain()
        free = time.monotonic_ns()
        database.execute("ROLLBACK")
        database.close()
        first = _expect_nothing_opened(desk, until=lambda said: said.cancels + said.refused > 0)
        return (first.at_ns - free) / 1e9, "killed while its journal was locked; obeys when it can go on"


def _folder_refuses(folder: Path) -> tuple[float, str]:
    with _desk(folder) as desk:
        (folder / FILE).mkdir()  # what cannot be replaced by a file, also for root
        started = time.monotonic_ns()
        _switch(folder).kill(person="drill", reason="drill")
        withdrawn = desk.until(lambda said: said.cancels > 0, WITHIN_SECONDS)
        _expect((folder / "trigger").exists(), "no trigger was left")
        _expect_nothing_opened(desk, until=lambda said: said.refused > 0)
        return (withdrawn.at_ns - started) / 1e9, "the state file could not be written; the trigger stands in"


def _resumed(folder: Path) -> tuple[float, str]:
    with _desk(folder) as desk:
        started = time.monotonic_ns()
        switch = _switch(folder)
        switch.kill(person="drill", reason="drill")
        withdrawn = desk.until(lambda said: said.cancels > 0, WITHIN_SECONDS)
        _expect_nothing_opened(desk, until=lambda said: said.refused > 0)
        switch.resume(person="drill", reason="drill is over")
        desk.until(lambda said: said.entries > 0, WITHIN_SECONDS)
        return (withdrawn.at_ns - started) / 1e9, "opens again only after a resume with a reason"


def _terminated(folder: Path) -> tuple[float, str]:
    with _desk(folder) as desk:
        started = time.monotonic()
        desk.process.terminate()
        last = desk.last_round(WITHIN_SECONDS)
        _expect(desk.process.wait(WITHIN_SECONDS) == 0, "it did not end in order")
        _expect(last.cancels > 0, "the unfilled entry was left at the venue")
        _expect(last.entries == 0 and last.opened == 0, "something opened in the last step")
        return time.monotonic() - started, "SIGTERM: the unfilled entry was withdrawn, then an orderly end"


def _expect_nothing_opened(desk: _DrillDesk, until: Callable[[_Round], bool], first: _Round | None = None) -> _Round:
    """Follow the desk until it has said `until`, which it must within a second; no entry passes or fills on the way."""

    def wanted(said: _Round) -> bool:
        _expect(said.entries == 0, "an entry passed after the kill")
        _expect(said.opened == 0, "an entry was filled after the kill")
        return until(said)

    if first is not None and wanted(first):
        return first
    return desk.until(wanted, WITHIN_SECONDS)


_CHECKS: dict[str, Callable[[Path], tuple[float, str]]] = {
    "a running desk": _running,
    "exits": _exits,
    "flatten": _flattened,
    "a hanging desk": _hanging,
    "a dead desk": _dead,
    "a locked database": _database_locked,
    "a state folder that refuses": _folder_refuses,
    "a stop signal": _terminated,
    "resume": _resumed,
}


def _switch(folder: Path) -> FileKillSwitch:
    return FileKillSwitch(folder, SystemClock(), triggers=(folder / "trigger",))


@contextmanager
def _desk(folder: Path) -> Iterator[_DrillDesk]:
    """A started desk that holds BASE and has just sent an entry that is not filled yet."""
    with _started(folder) as desk:
        desk.until(lambda said: said.unfilled > 0, _START_SECONDS)
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
