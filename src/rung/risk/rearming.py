"""What a person asks of a running desk: to open one latch."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rearming:
    """A person's wish that a latch (or the global risk level, named `global`) be opened."""

    latch: str
    at_ns: int
    person: str
    reason: str
