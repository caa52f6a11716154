"""A closed bar, stamped with its open time."""

from __future__ import annotations

from msgspec import Struct


class Bar(Struct, frozen=True, kw_only=True, gc=False):
    """Open, high, low, close and volume of one symbol over [open_ns, open_ns + interval_ns).

    Prices are float64 in quote currency, volume in base units. Known only at `known_ns`, never before.
    """

    symbol: str
    open_ns: int
    interval_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    @property
    def known_ns(self) -> int:
        """The first instant at which anyone may know this bar."""
        return self.open_ns + self.interval_ns
