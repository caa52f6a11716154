"""Best bid and ask, for the gates that need them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Best bid and ask of one symbol, quote currency, as known at `at_ns`."""

    symbol: str
    at_ns: int
    bid: float
    ask: float


class Quotes(Protocol):
    """The newest quote known before this step; None when there is none. Does no I/O."""

    def quote(self, symbol: str) -> Quote | None: ...
