"""What the checks say about a tape: findings per day, and a summary a run can stamp on its report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a finding matters to a run."""

    ERROR = "error"
    """The tape cannot be used, or a bar in it cannot be true."""
    WARNING = "warning"
    """A run on this tape says so on its report."""
    INFO = "info"
    """True, worth knowing, no reason for doubt."""


class FindingKind(StrEnum):
    """Everything the checks look for."""

    UNREADABLE = "unreadable"
    OUT_OF_ORDER = "out of order"
    DUPLICATE = "duplicate"
    BAD_VALUE = "bad value"
    OHLC = "ohlc inconsistent"
    NO_BARS = "no bars"
    GAP = "gap"
    HALT = "halt"
    FALSE_PRINT = "false print"
    SPIKE = "spike"
    OUTAGE = "outage"
    ZERO_VOLUME = "zero volume"
    SPLIT = "split?"
    OVERNIGHT_GAP = "overnight gap"
    EARLY_CLOSE = "early close"
    OUTSIDE_SESSION = "outside session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One kind of thing in one symbol on one day.

    date : of the session, or of the first bar concerned; empty when it concerns the file.   count : bars, or minutes
    missing.   first : wall time of the first one in the report's zone, `HH:MM`.   first_ns : the same in UTC, or None.
    """

    symbol: str
    date: str
    kind: FindingKind
    severity: Severity
    count: int
    detail: str
    first: str = ""
    first_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeReport:
    """What was found on one tape between its first and last bar (or within the period asked for).

    missing_bars : bars of its sessions that are not there, of `expected_bars`.   zone : of the dates and times below.
    flagged_minutes : `open_ns` of the bars with a false high or low; each was judged from earlier bars and itself only.
    notes : what reading the file changed.
    """

    symbol: str
    source: str
    synthetic: bool
    content_id: str
    zone: str
    interval_ns: int
    first_date: str
    last_date: str
    sessions: int
    bars: int
    expected_bars: int
    findings: tuple[Finding, ...]
    flagged_minutes: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def missing_bars(self) -> int:
        return max(0, self.expected_bars - self.bars)

    @property
    def missing_frac(self) -> float:
        """Missing bars as a fraction of the expected ones, in [0, 1]."""
        return self.missing_bars / self.expected_bars if self.expected_bars else 0.0

    @property
    def has_errors(self) -> bool:
        return any(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def warnings(self) -> tuple[str, ...]:
        """One sentence for every kind of finding that a reader of a run's report should know of."""
        told = [
            summary(kind, found) for kind, found in by_kind(self.findings) if found[0].severity is not Severity.INFO
        ]
        if self.missing_frac > 0.01:
            told.append(f"{self.missing_bars} of {self.expected_bars} bars are missing ({self.missing_frac:.1%})")
        if self.synthetic:
            told.append("synthetic: invented bars, no evidence about any market")
        return tuple(told)


def by_kind(findings: Iterable[Finding]) -> list[tuple[FindingKind, list[Finding]]]:
    """The findings grouped by kind, in the order of `FindingKind`; within a kind the gravest first, then by date."""
    groups: dict[FindingKind, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.kind, []).append(finding)
    order = list(FindingKind)
    gravity = list(Severity)
    for found in groups.values():
        found.sort(key=lambda finding: (gravity.index(finding.severity), finding.date))
    return sorted(groups.items(), key=lambda group: order.index(group[0]))


def summary(kind: FindingKind, found: list[Finding]) -> str:
    """`false print: 62 on 1 day (2025-04-23)`; more than three days are given as first to last."""
    days = sorted({finding.date for finding in found if finding.date})
    total = sum(finding.count for finding in found)
    if not days:
        return f"{kind.value}: {found[0].detail}"
    named = ", ".join(days) if len(days) <= 3 else f"{days[0]} to {days[-1]}"
    return f"{kind.value}: {total} on {len(days)} day{'s' * (len(days) > 1)} ({named})"
