"""Switches somebody outside may throw, as the gates and the desk see them."""

from __future__ import annotations

from typing import Protocol


class Flag(Protocol):
    """`why()` is None while the flag is down, else one line saying who or what raised it. Does no I/O."""

    def why(self) -> str | None: ...


class PolledFlag:
    """What the last look at the outside found. A flag that was never polled is up: fail closed."""

    def __init__(self) -> None:
        self._why: str | None = "not looked at yet"

    def why(self) -> str | None:
        return self._why

    def found(self, why: str | None) -> None:
        """Record what the outside says now: None for down."""
        self._why = why


class PolledKill(PolledFlag):
    """The kill switch as it was last looked at. flatten : whoever threw it also wants every position closed."""

    def __init__(self) -> None:
        super().__init__()
        self.flatten = False

    def found(self, why: str | None, *, flatten: bool = False) -> None:
        super().found(why)
        self.flatten = why is not None and flatten


def not_thrown() -> PolledKill:
    """For a desk that trades with nobody: a replay has no kill switch."""
    kill = PolledKill()
    kill.found(None)
    return kill
