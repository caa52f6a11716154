"""What a loop looks at before each step and each send: kill switch, maintenance file, stop signals."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from rung.risk.flag import PolledFlag, PolledKill
from rung.risk.kill import KillState, KillSwitch

MAINTENANCE_FILE = ".maintenance_mode"


class Switches:
    """Reads the outside into the flags the gates look at. `poll` costs three looks at the file system.

    maintenance_files : any that exists blocks entries; they are not latched.
    """

    def __init__(self, kill_switch: KillSwitch, maintenance_files: Sequence[Path]) -> None:
        self.kill = PolledKill()
        self.maintenance = PolledFlag()
        self._kill_switch = kill_switch
        self._files = tuple(maintenance_files)

    def poll(self) -> KillState:
        """Look now. Raises nothing: what cannot be looked at is on."""
        state = self._kill_switch.read()
        self.kill.found(state.why(), flatten=state.flatten)
        self.maintenance.found(maintenance_why(self._files))
        return state


def maintenance_why(files: Sequence[Path]) -> str | None:
    """Which file says that maintenance is on; None when none does. A place that cannot be looked at says on."""
    for file in files:
        try:
            os.lstat(file)
        except FileNotFoundError:
            continue
        except OSError as error:
            return f"{file} cannot be looked at: {error.strerror}"
        return f"{file} exists"
    return None


@contextmanager
def on_stop_signals(stop: Callable[[str], None]) -> Iterator[None]:
    """Call `stop` with the signal's name on SIGINT or SIGTERM, instead of dying; the former ways come back after.

    A second signal of the same kind acts as it did before, so that a desk that hangs while it stops can be killed.
    """
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def told(number: int, frame: FrameType | None) -> None:
        signal.signal(number, before[signal.Signals(number)])
        stop(signal.Signals(number).name)

    for number in before:
        signal.signal(number, told)
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
