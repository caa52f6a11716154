"""Bars that are not there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rung.domain.session import Session
from rung.market.checks.params import CheckParams
from rung.market.tape import Tape


@dataclass(frozen=True, slots=True)
class Hole:
    """`bars` consecutive bars missing from `start_ns` on."""

    start_ns: int
    bars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What one session lacks: trading halts, and everything else.

    gap_bars : missing bars outside halts.   longest : the longest hole among them, None when there is none.
    """

    expected: int
    halts: tuple[Hole, ...]
    gap_bars: int
    longest: Hole | None


def missing_in(tape: Tape, session: Session, params: CheckParams) -> Missing:
    """The holes of one session.

    A hole is a halt when bars stand on both sides of it, it is at least `halt_min_bars` long, and the symbol
    otherwise trades in nearly every bar of that day: a sleepy symbol has gaps, not halts.
    """
    step = tape.interval_ns
    expected = (session.close_ns - session.open_ns) // step
    slots = (tape.open_ns[tape.rows(session.open_ns, session.close_ns)] - session.open_ns) // step
    edges = np.concatenate(([-1], slots, [expected]))
    holes = [
        Hole(int(session.open_ns + (edges[i] + 1) * step), int(edges[i + 1] - edges[i] - 1))
        for i in np.flatnonzero(np.diff(edges) > 1)
    ]
    last_ns = session.open_ns + int(expected) * step
    long = [
        hole
        for hole in holes
        if hole.bars >= params.halt_min_bars
        and hole.start_ns > session.open_ns
        and hole.start_ns + hole.bars * step < last_ns
    ]
    held = sum(hole.bars for hole in long)
    awake = len(slots) >= params.halt_presence_frac * (expected - held)
    halts = tuple(long) if awake else ()
    rest = [hole for hole in holes if hole not in halts]
    return Missing(
        expected=int(expected),
        halts=halts,
        gap_bars=sum(hole.bars for hole in rest),
        longest=max(rest, key=lambda hole: hole.bars, default=None),
    )
