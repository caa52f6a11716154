"""Time is an argument: whoever needs the present takes a Clock."""

from __future__ import annotations

from typing import Protocol

NS_PER_SECOND = 1_000_000_000
NS_PER_MINUTE = 60 * NS_PER_SECOND


class Clock(Protocol):
    """Tells the present as UTC nanoseconds since the epoch."""

    def now_ns(self) -> int: ...


class ManualClock:
    """A clock that stands where it is put: for replay (moved by the tape) and for tests."""

    def __init__(self, at_ns: int = 0) -> None:
        self._at_ns = at_ns

    def now_ns(self) -> int:
        return self._at_ns

    def move_to(self, at_ns: int) -> None:
        """Set the present. Going back is refused: a replay that runs backwards is a bug."""
        if at_ns < self._at_ns:
            raise ValueError(f"the clock cannot go back from {self._at_ns} to {at_ns}")
        self._at_ns = at_ns
