"""The kill switch in the state folder: one small file, read by everyone, no database and no main process needed."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from rung.adapters.state.atomic import write_json
from rung.domain.clock import Clock
from rung.domain.errors import Fatal, UserError
from rung.risk.kill import KillState

FILE = "kill.json"
TRIGGER = "quant_kill_switch"


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
        self._triggers = (temporary_trigger(), folder / TRIGGER) if triggers is None else tuple(triggers)
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
        try:
            before = self._stored()
        except Exception:  # noqa: BLE001 - whatever is wrong with the file, the switch goes on
            before = wanted
        if before.on:
            wanted = replace(before, flatten=flatten or before.flatten)
        return self._latch(wanted)

    def resume(self, *, person: str, reason: str) -> KillState:
        """Arm again. Takes the triggers away first, so that they do not kill at once."""
        if not person.strip() or not reason.strip():
            raise UserError("the desk is resumed by a person with a reason", remedy="give --reason")
        if not self._folder.is_dir():
            raise UserError("no such state folder", where=str(self._folder), remedy="name the folder of the desk")
        if not self.read().on:
            raise UserError("the kill switch is not on", remedy="there is nothing to resume")
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
        """On in memory first, then on disk; a trigger is the second place when the folder refuses."""
        self._seen = self._unwritten = state
        errors: list[str] = []
        places: list[Callable[[KillState], None]] = [self._write]
        places += [partial(_pull, trigger) for trigger in self._triggers]
        for place in places:
            try:
                place(state)
            except Exception as error:  # noqa: BLE001 - the next place is tried, and all failures are told below
                errors.append(str(error))
            else:
                self._unwritten = None
                return state
        raise Fatal(f"the kill is in force in this process only, nothing could be written: {'; '.join(errors)}")

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
        write_json(self._path, asdict(state))

    def _from_trigger(self, trigger: Path) -> KillState:
        """A trigger may be empty, or hold what a kill could not write elsewhere."""
        try:
            return replace(_parsed(trigger.read_text("utf-8")), on=True)
        except Exception:  # noqa: BLE001 - its presence is enough
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


def _pull(trigger: Path, state: KillState) -> None:
    """Make the trigger, unless it is there already; never through a link somebody else laid."""
    try:
        descriptor = os.open(trigger, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(state), file)
        file.flush()
        os.fsync(file.fileno())


def _present(path: Path) -> bool:
    """True also for a dangling link; anything but a clean "not there" counts as there."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True
