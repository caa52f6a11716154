"""Where the files a run needs are looked for."""

from __future__ import annotations

from pathlib import Path

import rung

ROTATION_FILE = "rotation_strategy.json"
COSTS_FILE = "costs.toml"
LIMITS_FILE = "risk/screen.toml"
MAINTENANCE_FILE = ".maintenance_mode"
CACHE_DIR = Path(".rung") / "cache"


def config_file(name: str) -> Path:
    """`config/NAME` below the working folder when it is there, else the one Rung was installed with."""
    here = Path("config") / name
    return here if here.is_file() else Path(rung.__file__).resolve().parents[2] / "config" / name


def maintenance_reason() -> str | None:
    """Why entries are blocked by a person: a `.maintenance_mode` file in the working folder; None without one."""
    return f"{MAINTENANCE_FILE} is there" if Path(MAINTENANCE_FILE).exists() else None
