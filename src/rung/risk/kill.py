"""The kill switch as the desk sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class KillState:
    """Is the switch on, since when, by whom and why. flatten : positions are to be closed as well.

    doubt : what of a kill could not be written, and so who may not hear of it; empty when all was.
    """

    on: bool
    at_ns: int
    person: str
    reason: str
    flatten: bool = False
    doubt: str = ""

    def why(self) -> str | None:
        """One line while it is on, None while it is off."""
        return f"{self.reason} ({self.person})" if self.on else None


class KillSwitch(Protocol):
    """One latched state per desk, shared by every process that can see it.

    `read` is called before every step and every send and raises nothing: what cannot be read is on.
    `kill` leaves the switch on whatever happens inside it; it raises Fatal when no durable trace could be made.
    `resume` is a person's decision, with a reason.
    """

    def read(self) -> KillState: ...

    def kill(self, *, person: str, reason: str, flatten: bool = False) -> KillState: ...

    def resume(self, *, person: str, reason: str) -> KillState: ...
