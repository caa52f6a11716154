"""Funding as it was paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from rung.domain.errors import UserError
from rung.domain.funding import FundingHistory, FundingInstant

NOTHING_DUE: tuple[FundingInstant, ...] = ()


class RecordedFunding:
    """Answers from recorded rates, and refuses to guess where there are none."""

    def __init__(self, histories: Mapping[str, FundingHistory]) -> None:
        self._histories = dict(histories)
        self._quiet: dict[str, tuple[int, int]] = {}

    def due(self, symbol: str, start_ns: int, stop_ns: int) -> Sequence[FundingInstant]:
        """The instants in [start_ns, stop_ns). Raises UserError where one is missing."""
        quiet = self._quiet.get(symbol)
        if quiet is not None and quiet[0] <= start_ns and stop_ns <= quiet[1]:
            return NOTHING_DUE
        history = self._history(symbol)
        missing = history.missing_from(start_ns, stop_ns)
        if missing is not None:
            raise UserError(
                f"the funding of {symbol} on {_utc(missing)} is unknown, and a position was held then",
                where=history.source,
                remedy="fetch the missing rates or choose another period",
            )
        found = history.within(start_ns, stop_ns)
        if not found:
            self._quiet[symbol] = history.quiet_around(start_ns)
        return found

    def _history(self, symbol: str) -> FundingHistory:
        history = self._histories.get(symbol)
        if history is None:
            raise UserError(f"no funding history for the perpetual {symbol}", remedy="give its rates: none is not zero")
        return history


def _utc(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // 1_000_000_000, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
