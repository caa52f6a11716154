"""The kill switch in the state folder: one small file, read by everyone, no database and no main process needed."""

from __future__ import annotations

import fcntl
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

from rung.adapters.state.atomic import write_json
from rung.domain.clock import Clock
from rung.domain.errors import Fatal, UserError
from rung.risk.kill import KillState

FILE = "kill.json"
TRIGGER = "quant_kill_switch"
LOCK = "kill.lock"
_MOST_BYTES = 4_096
_LOCK_STEP_SECONDS = 0.01
_KILL_WAITS_SECONDS = 0.2
_RESUME_WAITS_SECONDS = 2.0


def temporary_trigger() -> Path:
    """The file in the temporary directory whose mere presence kills. World-writable: anyone may stop, none resume."""
    return Path(tempfile.gettempdir()) / TRIGGER


class FileKillSwitch:
    """Latched in `folder`/kill.json; any of `triggers` that exists kills as well and is latched there.

    Off is said by a file that says so, or by no file in a folder that exists. A file or folder that cannot be read or
    is not there, a damaged file, a file that vanished after it was seen on: all of these are on. Looking makes nothing;
    a kill makes the folder when it must.
    """

    def __init__(self, folder: Path, clock: Clock, *, triggers: Sequence[Path] | None = None) -> None:
        self._folder = folder
        self._path = folder / FILE
        self._clock = clock
        self._triggers = (folder / TRIGGER, temporary_trigger()) if triggers is None else tuple(triggers)
        self._seen: KillState | None = None
        self._unwritten: KillState | None = None

    def read(self) -> KillState:
        """What the switch says now. Raises nothing."""
        try:
            state = self._stored()
            trigger = None if state.on else next((path for path in self._triggers if _present(path)), None)
            if trigger is not None:
                state = self._latch(self._from_trigger(trigger))
        except Exception as error:  # noqa: BLE001 - a switch that cannot be read is on
            state = self._on("rung", f"the kill switch cannot be read: {type(error).__name__}: {error}")
        if not state.on and self._unwritten is not None:
            state = self._unwritten
        self._seen = state if state.on else None
        return state

    def kill(self, *, person: str, reason: str, flatten: bool = False) -> KillState:
        """Throw the switch. Already on: the first reason stands, `flatten` is added."""
        wanted = self._on(person, reason, flatten=flatten)
        with self._alone(_KILL_WAITS_SECONDS) as alone:
            if not alone:
                self._lay_triggers(wanted)
            try:
                before = self._stored()
            except Exception:  # noqa: BLE001 - whatever is wrong with the file, the switch goes on
                before = wanted
            if before.on:
                wanted = replace(before, flatten=flatten or before.flatten)
            return self._latch(wanted)

    def resume(self, *, person: str, reason: str) -> KillState:
        """Arm again. The switch is written on, then the triggers are taken away, then it is written off: whatever fails
        on the way leaves it on. A kill that comes meanwhile waits for the end of this and stands.
        """
        if not person.strip() or not reason.strip():
            raise UserError("the desk is resumed by a person with a reason", remedy="give --reason")
        if not self._folder.is_dir():
            raise UserError("no such state folder", where=str(self._folder), remedy="name the folder of the desk")
        with self._alone(_RESUME_WAITS_SECONDS):
            return self._resumed(person, reason)

    def _resumed(self, person: str, reason: str) -> KillState:
        before = self.read()
        if not before.on:
            raise UserError("the kill switch is not on", remedy="there is nothing to resume")
        try:
            self._write(before)
        except OSError as error:
            raise UserError(
                f"cannot be written ({error.strerror}), the switch stays on", where=str(self._path)
            ) from error
        for trigger in self._triggers:
            try:
                trigger.unlink(missing_ok=True)
            except OSError as error:
                raise UserError(
                    f"cannot be removed ({error.strerror})", where=str(trigger), remedy="remove it, then resume"
                ) from error
        state = KillState(on=False, at_ns=self._clock.now_ns(), person=person, reason=reason)
        self._write(state)
        self._seen = self._unwritten = None
        return state

    def _latch(self, state: KillState) -> KillState:
        """On in memory first, then on disk. When the state file cannot be written every trigger is laid, and what
        is then in force where is said in the answer's `doubt`.
        """
        self._seen = self._unwritten = state
        try:
            self._write(state)
        except Exception as error:  # noqa: BLE001 - whatever refuses, the triggers are tried
            return self._stand_in(state, str(error))
        self._unwritten = None
        return state

    def _stand_in(self, state: KillState, refusal: str) -> KillState:
        laid: list[Path] = []
        errors = [refusal]
        for trigger in self._triggers:
            try:
                _pull(trigger, state)
            except Exception as error:  # noqa: BLE001 - the next place is tried, and all failures are told below
                errors.append(str(error))
            else:
                laid.append(trigger)
        if not laid:
            raise Fatal(f"the kill is in force in this process only, nothing could be written: {'; '.join(errors)}")
        self._unwritten = None
        where = ", ".join(map(str, laid))
        doubt = f"{self._path} was not written ({refusal}); only desks that look at {where} are killed"
        return replace(state, doubt=doubt)

    def _lay_triggers(self, state: KillState) -> None:
        """Somebody resumes at this moment and may write off over us: a trigger laid now outlives that."""
        for trigger in self._triggers:
            with suppress(OSError):
                _pull(trigger, state)

    @contextmanager
    def _alone(self, seconds: float) -> Iterator[bool]:
        """Holds the folder's lock if it can be had within `seconds`, and says so; a kill goes on without it."""
        try:
            descriptor = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            yield False
            return
        try:
            yield _locked_within(descriptor, seconds)
        finally:
            os.close(descriptor)

    def _stored(self) -> KillState:
        try:
            text = self._path.read_text("utf-8")
        except FileNotFoundError:
            if not self._folder.is_dir():
                raise FileNotFoundError(f"the state folder {self._folder} is gone") from None
            return self._seen or KillState(on=False, at_ns=0, person="", reason="")
        return _parsed(text)

    def _write(self, state: KillState) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        write_json(self._path, _stored_form(state))

    def _from_trigger(self, trigger: Path) -> KillState:
        """A trigger may be empty, or hold what a kill could not write elsewhere. Its presence is enough: only words of
        our own are read, for the temporary directory is everybody's.
        """
        try:
            return replace(_parsed(_own_words(trigger)), on=True)
        except Exception:  # noqa: BLE001 - a pipe, a link, a stranger's file, no JSON
            return self._on("file", f"{trigger} exists")

    def _on(self, person: str, reason: str, *, flatten: bool = False) -> KillState:
        try:
            at_ns = self._clock.now_ns()
        except Exception:  # noqa: BLE001 - a kill without a time is still a kill
            at_ns = 0
        return KillState(on=True, at_ns=at_ns, person=person, reason=reason, flatten=flatten)


def _parsed(text: str) -> KillState:
    stored = json.loads(text)
    return KillState(
        on=stored["on"] is not False,
        at_ns=int(stored["at_ns"]),
        person=str(stored["person"]),
        reason=str(stored["reason"]),
        flatten=stored["flatten"] is True,
    )


def _stored_form(state: KillState) -> dict[str, object]:
    """Plain values that any file takes: what a terminal could not decode is written as escapes."""
    stored = {key: value for key, value in asdict(state).items() if key != "doubt"}
    for key in ("person", "reason"):
        stored[key] = stored[key].encode("utf-8", "backslashreplace").decode("utf-8")
    return stored


def _pull(trigger: Path, state: KillState) -> None:
    """Make the trigger, unless it is there already; never through a link somebody else laid."""
    try:
        descriptor = os.open(trigger, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(_stored_form(state), file)
        file.flush()
        os.fsync(file.fileno())


def _own_words(path: Path) -> str:
    """The text of a small regular file of our own; nothing else is opened, so that nothing can hang the desk."""
    about = os.lstat(path)
    if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid() or about.st_size > _MOST_BYTES:
        raise OSError(f"{path} is not a small file of ours")
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "r", encoding="utf-8") as file:
        return file.read(_MOST_BYTES)


def _locked_within(descriptor: int, seconds: float) -> bool:
    """Take the lock of an open file; False when it was not to be had within `seconds`."""
    for _ in range(max(1, round(seconds / _LOCK_STEP_SECONDS))):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            time.sleep(_LOCK_STEP_SECONDS)
        else:
            return True
    return False


def _present(path: Path) -> bool:
    """True also for a dangling link; anything but a clean "not there" counts as there."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
