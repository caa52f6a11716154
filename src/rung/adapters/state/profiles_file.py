"""Which capital profile each account has, who gave it and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rung.adapters.state.atomic import read_json, write_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """One account's profile."""

    profile: str
    at_ns: int
    person: str
    reason: str


class ProfilesFile:
    """`profiles.json` in the state folder."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "profiles.json"

    def all(self) -> dict[str, Assignment]:
        """Account → assignment. Raises UserError when the file is damaged."""
        return {account: Assignment(**given) for account, given in (read_json(self._path) or {}).items()}

    def assign(self, account: str, given: Assignment) -> None:
        """Give an account a profile; the one before is replaced."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        every = {name: asdict(one) for name, one in self.all().items()}
        write_json(self._path, {**every, account: asdict(given)})

    def reader(self, account: str) -> Callable[[], str | None]:
        """A look at one account's profile, for the gate that compares it; None when it has none or cannot be read."""

        def assigned() -> str | None:
            try:
                given = self.all().get(account)
            except Exception:  # noqa: BLE001 - no readable profile is no profile, and that refuses
                return None
            return None if given is None else given.profile

        return assigned
