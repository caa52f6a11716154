"""A market that stood still opens no risk until it has moved again for a while."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import Refusable
from rung.domain.order import Order
from rung.domain.slice import Slice
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.gate import Keeps, Observes


class HaltedMarket(Observes, Keeps):
    """A hole of ≥ `gap_minutes` between two bars of a symbol in one session is a halt; entries wait for `resume_bars`.

    The bars after the hole are counted from 1; number `resume_bars` passes. Holes over night are no halt;
    a market around the clock has no night, and a hole across midnight is one like any other.
    What was seen survives a restart: a hole while the desk was down is a hole.
    """

    name = "halted_market"
    halts = False

    def __init__(self, *, gap_minutes: int, resume_bars: int) -> None:
        self._gap_ns = gap_minutes * NS_PER_MINUTE
        self._resume_bars = resume_bars
        self._date = ""
        self._last_ns: dict[str, int] = {}
        self._since: dict[str, int] = {}
        self._shown_ns: int | None = None

    @property
    def remembers(self) -> int:
        return self._resume_bars

    def observe(self, event: Slice) -> None:
        if event.session.date != self._date:
            self._date = event.session.date
            if not event.session.around_the_clock:
                self._last_ns.clear()
                self._since.clear()
        self._shown_ns = event.at_ns
        last_ns, since, gap_ns = self._last_ns, self._since, self._gap_ns
        for symbol, bar in event.bars.items():
            open_ns = bar.open_ns
            if symbol in last_ns and open_ns - last_ns[symbol] >= gap_ns:
                since[symbol] = 1
            elif symbol in since:
                since[symbol] += 1
            last_ns[symbol] = open_ns + bar.interval_ns

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        if self._shown_ns != view.slice.at_ns:
            raise Refusable("cannot judge: the gate was not shown this slice")
        bars = self._since.get(order.symbol, self._resume_bars)
        if bars >= self._resume_bars:
            return ()
        return (
            Violation(
                kind=ViolationKind.HALTED_DATA,
                gate=self.name,
                message=f"{order.symbol} was halted and has {bars} bars since, {self._resume_bars} are required",
                value=f"{bars} bars",
                limit=f"{self._resume_bars} bars",
            ),
        )

    def memory(self) -> Mapping[str, Any]:
        return {"date": self._date, "last_ns": dict(self._last_ns), "since": dict(self._since)}

    def recall(self, memory: Mapping[str, Any]) -> None:
        self._date = memory["date"]
        self._last_ns = dict(memory["last_ns"])
        self._since = dict(memory["since"])
