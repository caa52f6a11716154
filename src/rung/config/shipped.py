"""Where a configuration file is looked for when nobody names one."""

from __future__ import annotations

from pathlib import Path

import rung


def config_file(name: str) -> Path:
    """`config/NAME` below the working folder when it is there, else the one Rung was installed with."""
    here = Path("config") / name
    return here if here.is_file() else Path(rung.__file__).resolve().parents[2] / "config" / name
