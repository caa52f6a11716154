"""Looks a tape over and reports; changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rung.domain.session import Session
from rung.market.calendar import AlwaysOpen, Calendar
from rung.market.checks.findings import Finding, FindingKind, Severity, TapeReport
from rung.market.checks.gaps import missing_in
from rung.market.checks.params import CheckParams
from rung.market.checks.prices import Rows, false_prints, flat_runs, inconsistent, spikes, split_ratio
from rung.market.new_york import NS_PER_DAY, new_york_text, utc_text
from rung.market.tape import Tape

DEFAULTS = CheckParams()


def check_tape(
    tape: Tape,
    calendar: Calendar,
    first_ns: int | None = None,
    stop_ns: int | None = None,
    params: CheckParams = DEFAULTS,
) -> TapeReport:
    """Everything worth knowing about the bars of a tape, or about those that opened in [first_ns, stop_ns).

    Times are told in New York, for a 24/7 calendar in UTC. Takes some tens of milliseconds for a year of minutes.
    """
    check = _Check(tape, calendar, params)
    first = tape.first_ns if first_ns is None else first_ns
    stop = tape.last_ns + tape.interval_ns if stop_ns is None else stop_ns
    return check.report(first, stop)


@dataclass(slots=True)
class _Check:
    tape: Tape
    calendar: Calendar
    params: CheckParams

    def report(self, first_ns: int, stop_ns: int) -> TapeReport:
        tape = self.tape
        begin, end = np.searchsorted(tape.open_ns, (first_ns, stop_ns))
        chosen = np.zeros(len(tape), dtype=bool)
        chosen[begin:end] = True
        sessions = self._sessions(first_ns, stop_ns)
        high, low = false_prints(tape, self.params)
        findings = [*self._by_session(sessions), *self._by_bar(chosen, high, low), *self._overnight(sessions)]
        findings.extend(self._outside(chosen, sessions))
        expected = sum((s.close_ns - s.open_ns) // tape.interval_ns for s in sessions)
        return TapeReport(
            symbol=tape.symbol,
            source=tape.source,
            synthetic=tape.synthetic,
            content_id=tape.content_id,
            zone="UTC" if isinstance(self.calendar, AlwaysOpen) else "New York",
            interval_ns=tape.interval_ns,
            first_date=self._text(max(first_ns, tape.first_ns))[:10],
            last_date=self._text(min(stop_ns - 1, tape.last_ns))[:10],
            sessions=len(sessions),
            bars=sum(rows.stop - rows.start for rows in map(self._rows, sessions)),
            expected_bars=expected,
            findings=tuple(sorted(findings, key=lambda finding: (finding.date, finding.first_ns or 0, finding.kind))),
            flagged_minutes=frozenset(tape.open_ns[chosen & (high | low)].tolist()),
            notes=tape.notes,
        )

    def _sessions(self, first_ns: int, stop_ns: int) -> list[Session]:
        """The sessions that the tape claims to cover: from its first to its last bar, within the period."""
        first = max(first_ns, self.tape.first_ns)
        stop = min(stop_ns, self.tape.last_ns + self.tape.interval_ns)
        if stop <= first:
            return []
        around = self.calendar.sessions(utc_text(first - NS_PER_DAY)[:10], utc_text(stop + NS_PER_DAY)[:10])
        return [session for session in around if session.close_ns > first and session.open_ns < stop]

    def _rows(self, session: Session) -> slice:
        return self.tape.rows(session.open_ns, session.close_ns)

    def _by_session(self, sessions: list[Session]) -> Iterator[Finding]:
        for session in sessions:
            if self.calendar.is_early_close(session):
                what = f"closes at {self._clock(session.close_ns)}, {session.length_minutes} minutes"
                yield self._finding(FindingKind.EARLY_CLOSE, Severity.INFO, 1, what, session.close_ns)
            missing = missing_in(self.tape, session, self.params)
            for halt in missing.halts:
                what = f"nothing traded for {halt.bars} bars, then trading resumed"
                yield self._finding(FindingKind.HALT, Severity.WARNING, halt.bars, what, halt.start_ns)
            if missing.longest is None:
                continue
            share = missing.gap_bars / missing.expected
            grave = Severity.WARNING if share > self.params.gap_warning_frac else Severity.INFO
            kind = FindingKind.NO_BARS if missing.gap_bars == missing.expected else FindingKind.GAP
            longest = f"longest {missing.longest.bars} from {self._clock(missing.longest.start_ns)}"
            what = f"{share:.1%} of the session, {longest}"
            yield self._finding(kind, grave, missing.gap_bars, what, missing.longest.start_ns)

    def _by_bar(self, chosen: Rows, high: Rows, low: Rows) -> Iterator[Finding]:
        tape = self.tape
        adjacent = np.diff(tape.open_ns, prepend=tape.open_ns[0] - tape.interval_ns) == tape.interval_ns
        false = high | low
        down, idle = flat_runs(tape, self.params.outage_min_minutes)
        kinds = (
            (FindingKind.OHLC, Severity.ERROR, inconsistent(tape), "high or low inside the body"),
            (FindingKind.FALSE_PRINT, Severity.WARNING, false, ""),
            (FindingKind.SPIKE, Severity.WARNING, spikes(tape, adjacent, self.params) & ~false, ""),
            (FindingKind.OUTAGE, Severity.WARNING, down, "flat bars without volume: nothing traded or nothing arrived"),
            (FindingKind.ZERO_VOLUME, Severity.INFO, idle, "bars without volume"),
        )
        for kind, severity, rows, detail in kinds:
            for group in self._days(rows & chosen):
                what = detail or (self._prints(group, high) if kind is FindingKind.FALSE_PRINT else self._ranges(group))
                yield self._finding(kind, severity, len(group), what, int(tape.open_ns[group[0]]))

    def _days(self, rows: Rows) -> Iterator[list[int]]:
        """The marked rows, day by day."""
        day, group = "", list[int]()
        for row in np.flatnonzero(rows).tolist():
            date = self._text(int(self.tape.open_ns[row]))[:10]
            if date != day and group:
                yield group
                group = []
            day = date
            group.append(row)
        if group:
            yield group

    def _prints(self, rows: list[int], high: Rows) -> str:
        tape = self.tape
        highs = [row for row in rows if high[row]]
        told = []
        if highs:
            worst = max(highs, key=lambda row: tape.high[row] / tape.close[row])
            told.append(f"{len(highs)} high, worst {tape.high[worst]:g} over a close of {tape.close[worst]:g}")
        lows = [row for row in rows if row not in set(highs)]
        if lows:
            worst = min(lows, key=lambda row: tape.low[row] / tape.close[row])
            told.append(f"{len(lows)} low, worst {tape.low[worst]:g} under a close of {tape.close[worst]:g}")
        return "; ".join(told)

    def _ranges(self, rows: list[int]) -> str:
        tape = self.tape
        widest = max((tape.high[row] - tape.low[row]) / tape.close[row] for row in rows)
        return f"widest bar {widest:.1%} of its close"

    def _overnight(self, sessions: list[Session]) -> Iterator[Finding]:
        if isinstance(self.calendar, AlwaysOpen):
            return
        tape, spans = self.tape, [self._rows(session) for session in sessions]
        spans = [rows for rows in spans if rows.stop > rows.start]
        ratios = [float(tape.open[b.start] / tape.close[a.stop - 1]) for a, b in pairwise(spans)]
        if not ratios:
            return
        usual = float(np.median(np.abs(np.array(ratios) - 1)))
        limit = max(self.params.overnight_floor_frac, self.params.overnight_ratio * usual)
        for ratio, rows in zip(ratios, spans[1:], strict=True):
            at_ns = int(tape.open_ns[rows.start])
            split = split_ratio(ratio, self.params.split_tolerance_frac)
            if split:
                what = f"opened at {ratio:.3f} × the last close: a {split} split that was not adjusted for?"
                yield self._finding(FindingKind.SPLIT, Severity.WARNING, 1, what, at_ns)
            elif abs(ratio - 1) > limit:
                what = f"opened {ratio - 1:+.1%} from the last close (usual {usual:.1%})"
                yield self._finding(FindingKind.OVERNIGHT_GAP, Severity.INFO, 1, what, at_ns)

    def _outside(self, chosen: Rows, sessions: list[Session]) -> Iterator[Finding]:
        inside = np.zeros(len(self.tape), dtype=bool)
        for session in sessions:
            inside[self._rows(session)] = True
        for group in self._days(chosen & ~inside):
            what = "bars outside the session, left out of every replay"
            at_ns = int(self.tape.open_ns[group[0]])
            yield self._finding(FindingKind.OUTSIDE_SESSION, Severity.INFO, len(group), what, at_ns)

    def _finding(self, kind: FindingKind, severity: Severity, count: int, detail: str, at_ns: int) -> Finding:
        return Finding(
            symbol=self.tape.symbol,
            date=self._text(at_ns)[:10],
            kind=kind,
            severity=severity,
            count=count,
            detail=detail,
            first=self._clock(at_ns),
            first_ns=at_ns,
        )

    def _text(self, at_ns: int) -> str:
        return utc_text(at_ns) if isinstance(self.calendar, AlwaysOpen) else new_york_text(at_ns)

    def _clock(self, at_ns: int) -> str:
        return self._text(at_ns)[11:]
