"""Where the files a run needs are looked for."""

from __future__ import annotations

from pathlib import Path

from rung.config.shipped import config_file as config_file

ROTATION_FILE = "rotation_strategy.json"
COSTS_FILE = "costs.toml"
LIMITS_FILE = "risk/screen.toml"
MAINTENANCE_FILE = ".maintenance_mode"
CACHE_DIR = Path(".rung") / "cache"


def maintenance_reason() -> str | None:
    """Why entries are blocked by a person: a `.maintenance_mode` file in the working folder; None without one."""
    return f"{MAINTENANCE_FILE} is there" if Path(MAINTENANCE_FILE).exists() else None
