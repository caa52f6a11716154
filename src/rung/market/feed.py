"""The Feed port: where slices come from. Replay, paper and live differ only in which Feed is plugged in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from rung.domain.slice import Slice


class Feed(Protocol):
    """Yields slices in strictly increasing `at_ns`, each at the instant it became known."""

    def __iter__(self) -> Iterator[Slice]: ...
