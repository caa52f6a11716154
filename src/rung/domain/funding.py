"""The funding a perpetual has paid: a history of rates, and where it has holes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingInstant:
    """One payment of a perpetual.

    rate : fraction of the position's value, > 0: the longs pay the shorts.
    mark_price : the venue's mark price at that instant; None when it is not known (the newest close is used then).
    """

    at_ns: int
    rate: Decimal
    mark_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingHistory:
    """Every funding instant of one symbol, oldest first, at most `interval_ns` apart where the history is whole.

    source : where the rates came from, for reports.
    """

    symbol: str
    interval_ns: int
    instants: tuple[FundingInstant, ...]
    source: str

    def __post_init__(self) -> None:
        if not self.instants or self.interval_ns <= 0:
            raise ValueError(f"the funding history of {self.symbol} is empty")
        if any(a.at_ns >= b.at_ns for a, b in pairwise(self.instants)):
            raise ValueError(f"the funding history of {self.symbol} is not in order of time")

    def within(self, start_ns: int, stop_ns: int) -> tuple[FundingInstant, ...]:
        """The instants in [start_ns, stop_ns)."""
        first = bisect_left(self.instants, start_ns, key=_at)
        return self.instants[first : bisect_left(self.instants, stop_ns, key=_at)]

    def quiet_around(self, at_ns: int) -> tuple[int, int]:
        """The longest [start, stop) around `at_ns` in which nothing falls due and nothing is missing.

        `at_ns` must lie in the whole part of the history, and not be an instant itself.
        """
        row = bisect_right(self.instants, at_ns, key=_at)
        return self.instants[row - 1].at_ns + 1, self.instants[row - 1].at_ns + self._step_ns(row)

    def _step_ns(self, row: int) -> int:
        """From the instant before `row` to that at `row`, or as far as the history is known there."""
        if row >= len(self.instants):
            return self.interval_ns
        return min(self.interval_ns, self.instants[row].at_ns - self.instants[row - 1].at_ns)

    def missing_from(self, start_ns: int, stop_ns: int) -> int | None:
        """The first instant of [start_ns, stop_ns) at which a payment is unknown, or None when all are known.

        Unknown is everything before the history starts, and from one interval after an instant that no other follows in
        time: the end of the history, or a hole in it.
        """
        if start_ns < self.instants[0].at_ns:
            return start_ns if start_ns < stop_ns else None
        row = bisect_right(self.instants, start_ns, key=_at) - 1
        while (due := self.instants[row].at_ns + self.interval_ns) < stop_ns:
            row += 1
            if row == len(self.instants) or self.instants[row].at_ns > due:
                return max(start_ns, due)
        return None


def _at(instant: FundingInstant) -> int:
    return instant.at_ns
