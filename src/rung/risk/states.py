"""How freely the desk may trade, from worst to best agreed by everyone who has a say."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class TradingState(StrEnum):
    """ACTIVE trades; REDUCED opens at half size; CLOSE_ONLY opens nothing; HALTED opens nothing and waits for people.

    Exits pass in every state.
    """

    ACTIVE = "ACTIVE"
    REDUCED = "REDUCED"
    CLOSE_ONLY = "CLOSE_ONLY"
    HALTED = "HALTED"

    @property
    def severity(self) -> int:
        return _SEVERITY[self]

    @property
    def opens_nothing(self) -> bool:
        return self.severity >= _SEVERITY[TradingState.CLOSE_ONLY]


_SEVERITY = {state: rank for rank, state in enumerate(TradingState)}


def worst(states: Iterable[TradingState]) -> TradingState:
    """The worst of all; ACTIVE when nobody objects. A milder state can never overwrite a worse one."""
    return max(states, key=lambda state: state.severity, default=TradingState.ACTIVE)
