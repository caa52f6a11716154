"""Latches, counters and the last account snapshot of each account; and what people ask of them meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rung.adapters.state.atomic import read_json, write_json
from rung.domain.errors import UserError
from rung.risk.rearming import Rearming

VERSION = 1


class RiskFile:
    """`<account>.risk.json` in the state folder. Written by the desk of the account, read by everyone."""

    def __init__(self, folder: Path, account: str) -> None:
        self._path = folder / f"{checked_name(account)}.risk.json"

    def save(self, risk: Mapping[str, Any], snapshot: Mapping[str, Any]) -> None:
        """Keep what `rung.risk.memory.remembered` gave, and figures for people. Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_json(self._path, {"version": VERSION, "risk": risk, "snapshot": snapshot})

    def load(self) -> dict[str, Any] | None:
        """{"risk", "snapshot"} as saved, None when nothing was ever saved.

        Raises UserError when the file is damaged or of another version: a desk must not start without its latches.
        """
        stored = read_json(self._path)
        if stored is None:
            return None
        if stored.get("version") != VERSION or not {"risk", "snapshot"} <= stored.keys():
            raise UserError(
                f"is of version {stored.get('version')}, this Rung reads {VERSION}",
                where=str(self._path),
                remedy="use the Rung that wrote it",
            )
        return stored


class RearmBox:
    """Wishes laid into the state folder by `rung resume --latch`; the desk takes them before its next step."""

    def __init__(self, folder: Path, account: str) -> None:
        self._folder = folder / f"{checked_name(account)}.rearm"

    def ask(self, wish: Rearming) -> Path:
        """Lay a wish down, durably. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{wish.at_ns}-{checked_name(wish.latch)}.json"
        write_json(
            path,
            {"latch": wish.latch, "at_ns": wish.at_ns, "person": wish.person, "reason": wish.reason},
        )
        return path

    def take(self) -> tuple[Rearming, ...]:
        """All wishes, oldest first, each taken once. One that cannot be read is put aside as `.damaged`."""
        wishes: list[Rearming] = []
        for path in sorted(self._folder.glob("*.json")) if self._folder.is_dir() else ():
            try:
                wishes.append(Rearming(**(read_json(path) or {})))
            except (UserError, TypeError):
                path.replace(path.with_suffix(".damaged"))
            else:
                path.unlink()
        return tuple(wishes)


def checked_name(name: str) -> str:
    """`name` when it can stand in a file name, else UserError."""
    if not name or any(not (letter.isalnum() or letter in "._-") for letter in name) or name.startswith("."):
        raise UserError(f"{name!r} is no name for a file", remedy="use letters, digits, dot, dash and underscore")
    return name
