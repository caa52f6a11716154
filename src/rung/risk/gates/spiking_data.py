"""A bar that jumps too far opens no risk: it is a false print, or a market to stay out of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

from rung.domain.bar import Bar
from rung.domain.errors import Refusable
from rung.domain.order import Order
from rung.domain.slice import Slice
from rung.domain.verdicts import Violation, ViolationKind
from rung.domain.view import View
from rung.risk.facts import bar_of, beyond, close_of, exact, pct
from rung.risk.gate import Observes


class SpikingData(Observes):
    """(high − low) ÷ close ≤ `max_range_frac` and |close ÷ base − 1| ≤ `max_move_frac`. Exactly at it passes.

    base : the close of the bar just before when the slice before holds it (same session), else this bar's own
    open (a gap over night or over missing minutes is not a spike of this minute).
    Timing: the gate must be shown every slice by `observe`; a slice it was not shown refuses.
    Source: seed 001, bar validation (5 %, 10 % per minute).
    """

    name = "spiking_data"
    halts = False

    def __init__(self, max_range_frac: float | Decimal, max_move_frac: float | Decimal) -> None:
        self._max_range_frac, self._max_move_frac = exact(max_range_frac), exact(max_move_frac)
        self._before: Slice | None = None
        self._now: Slice | None = None

    @property
    def remembers(self) -> int:
        return 2

    def observe(self, event: Slice) -> None:
        self._before, self._now = self._now, event

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        if self._now is None or self._now.at_ns != view.slice.at_ns:
            raise Refusable("cannot judge: the gate was not shown this slice")
        bar = bar_of(order, view)
        close, base = close_of(order, view), self._base(bar, view)
        broken = []
        if beyond(bar.high, bar.low, self._max_range_frac, close):
            span = (bar.high - bar.low) / close
            broken.append(self._broken(f"the bar of {order.symbol} spans", span, self._max_range_frac))
        if beyond(close, base, self._max_move_frac, base):
            move = abs(close / base - 1.0)
            broken.append(self._broken(f"{order.symbol} moved", move, self._max_move_frac))
        return broken

    def _base(self, bar: Bar, view: View) -> float:
        base = bar.open
        if self._before is not None and self._before.session.date == view.slice.session.date:
            before = self._before.bars.get(bar.symbol)
            if before is not None and before.known_ns == bar.open_ns:
                base = before.close
        if not math.isfinite(base) or base <= 0.0:
            raise Refusable(f"cannot judge without a positive finite price of {bar.symbol} to compare with")
        return base

    def _broken(self, what: str, value: float, limit: Decimal) -> Violation:
        return Violation(
            kind=ViolationKind.SPIKING_DATA,
            gate=self.name,
            message=f"{what} {pct(value)} in one bar, more than {pct(limit)}",
            value=pct(value),
            limit=pct(limit),
        )
