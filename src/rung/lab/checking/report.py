"""What a check found: a verdict per question, and the exact place of every leak."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """FOUND makes a check fail; DOUBT is worth reading; NOT_TESTED says why."""

    PASSED = "passed"
    FOUND = "FOUND"
    DOUBT = "doubt"
    NOT_TESTED = "not tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question of a check. what : a sentence."""

    name: str
    verdict: Verdict
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Where a strategy first knows, or books, what it cannot.

    bar : 0-based place among the slices of the period.   at_ns : when that bar closed.   kind : "value" (an indicator
    or attribute), "wish", "order", "fill", "failure" or "own fill".   was, now : on the tape, and with another future
    (for an own fill: the price it booked, and the first it could have had).   future : which other future showed it.
    exact : False when an earlier bar may leak too.   line : of the author's file,
    where that is made.   read_at : where the author's file reads a tape; "" for neither.
    """

    symbol: str
    bar: int
    at_ns: int
    kind: str
    name: str
    was: str
    now: str
    future: str
    exact: bool
    line: str
    read_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """Everything a check found. bars : slices of the period.   cuts : bars after which the tape was changed.
    bars_replayed : in all runs together.   warm_up_bars : bars after a later start until it agrees with
    the whole run, the most of all starts; None when they never do.
    """

    strategy: str
    origin: str
    symbols: tuple[str, ...]
    start: str
    end: str
    parameters: dict[str, object]
    bars: int
    cuts: int
    bars_replayed: int
    synthetic: bool
    answers: tuple[Answer, ...]
    leaks: tuple[Leak, ...]
    warm_up_bars: int | None

    @property
    def clean(self) -> bool:
        """No question was answered with FOUND."""
        return all(answer.verdict is not Verdict.FOUND for answer in self.answers)
