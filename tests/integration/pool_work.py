"""Work for the tests of the pools: functions of a module, as workers in other processes need them."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def square(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"square": payload["n"] ** 2, "third": payload["n"] / 3}


def slow_square(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leaves a line in `payload["log"]` for every time it was done, so that a test can see what was done twice."""
    time.sleep(0.05)
    with Path(payload["log"]).open("a") as log:
        log.write(f"{payload['n']}\n")
    return {"square": payload["n"] ** 2}


def dies_once(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Takes its worker with it the first time it meets the number 5."""
    mark = Path(payload["mark"])
    if payload["n"] == 5 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return square(payload)


def always_dies(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def refuses(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    from rung.domain.errors import UserError

    raise UserError(f"{payload['n']} cannot be squared", where="n", remedy="choose another number")
