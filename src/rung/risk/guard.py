"""Everything the desk asks of risk, slice by slice: look, then screen; and nothing forgotten over a restart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from rung.domain.errors import UserError
from rung.domain.fill import Fill
from rung.domain.order import Order
from rung.domain.slice import Slice
from rung.domain.verdicts import Approved, Verdict
from rung.domain.view import View
from rung.risk.flag import PolledKill, not_thrown
from rung.risk.gate import Advises, Gate, Observes, observe, observers
from rung.risk.global_risk import GlobalLimits, RiskLevel, assess
from rung.risk.global_state import GlobalRiskState
from rung.risk.latch import LatchFacts
from rung.risk.latches import Latches
from rung.risk.memory import Advice, recall, remembered
from rung.risk.screen import screen
from rung.risk.watch import RiskWatch, WatchParams

GLOBAL = "global"
"""The name under which the global risk level is re-armed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What risk asks of the desk after a look. notes : for people and the journal, warnings and changes alike.

    flatten : close every position and withdraw what is unfilled.   withdraw : withdraw opening orders that are
    unfilled, for nothing may open now.
    """

    notes: tuple[str, ...] = ()
    flatten: bool = False
    withdraw: bool = False


CALM = Findings()


class BookRisk:
    """The level of the whole book, assessed from what the market and the account show.

    every : slices between two assessments, which cost more than everything else in risk.
    """

    def __init__(self, limits: GlobalLimits, *, params: WatchParams | None = None, every: int = 5) -> None:
        self.level = GlobalRiskState()
        self.watch = RiskWatch(params or WatchParams())
        self._limits = limits
        self._every = every
        self._slices = 0

    def look(self, view: View) -> str | None:
        """Assess when it is time; answers one sentence when the level changed."""
        self._slices += 1
        if (self._slices - 1) % self._every:
            return None
        return self.level.assessed(assess(self.watch.facts(view), self._limits))


@dataclass(slots=True, kw_only=True)
class Guard:
    """One account's gates, latches, kill switch and global level.

    Per slice: `observe(event)` before anything, `look(view, fills)` once the account is marked, `screen(…)` on the
    orders. kill : as last polled; who polls it is the loop around the desk.   book : None where the global risk is
    not assessed; then no gate may ask for it.   missing : limits nobody can enforce here, with the reason.
    """

    gates: tuple[Gate, ...]
    latches: Latches
    kill: PolledKill = field(default_factory=not_thrown)
    book: BookRisk | None = None
    missing: Mapping[str, str] = field(default_factory=dict)
    _watching: tuple[Observes, ...] = field(init=False)
    _advice: Advice = field(init=False)

    def __post_init__(self) -> None:
        self._watching = observers(self.gates)
        self._advice = Advice(self.gates)

    @property
    def remembers(self) -> int | None:
        """How many of the newest slices it must be shown before it judges; None: every slice, for a gate or a latch
        measures, a gate advises, or the whole book is assessed.
        """
        depths = [gate.remembers for gate in self._watching]
        advises = any(isinstance(gate, Advises) for gate in self.gates)
        if self.book is not None or not self.latches.rest or advises or None in depths:
            return None
        return max((depth for depth in depths if depth is not None), default=1)

    def observe(self, event: Slice) -> None:
        """Show one slice to everything that remembers the market."""
        observe(self._watching, event)
        if self.book is not None:
            self.book.watch.observe(event)

    def look(self, view: View, fills: Sequence[Fill] = (), flow_quote: Decimal = Decimal(0)) -> Findings:
        """Measure the account. flow_quote : deposits less withdrawals since the last look, in the equity already."""
        notes = () if self.latches.passes(view.slice.at_ns) else self._tick(view, fills, flow_quote)
        changed = None if self.book is None else self.book.look(view)
        if changed is not None:
            notes += (changed,)
        flatten = self.latches.wants_flat or self.kill.flatten
        withdraw = self.kill.why() is not None or self.latches.opens_nothing
        if self.book is not None:
            withdraw |= self.book.level.level(view.slice.at_ns) is RiskLevel.EMERGENCY
        return Findings(notes=notes, flatten=flatten, withdraw=withdraw) if notes or flatten or withdraw else CALM

    def _tick(self, view: View, fills: Sequence[Fill], flow_quote: Decimal) -> tuple[str, ...]:
        facts = LatchFacts(
            at_ns=view.slice.at_ns,
            session=view.slice.session,
            equity_quote=view.account.equity_quote,
            flow_quote=flow_quote,
            closed_trades_quote=view.account.closed_trades_quote,
            slippage_bps=tuple(slippage_bps(fill) for fill in fills) if fills else (),
        )
        return tuple(str(event) for event in self.latches.tick(facts))

    def screen(self, orders: Sequence[Order], view: View, working: Sequence[Order] = ()) -> tuple[Verdict, ...]:
        """`rung.risk.screen.screen` with these gates."""
        return screen(orders, self.gates, view, working=working)

    def advice(self, verdicts: Sequence[Verdict], view: View) -> tuple[str, ...]:
        """Remarks on opening orders that were let through, each once per symbol and session."""
        opened = [each.order for each in verdicts if isinstance(each, Approved) and not each.order.reduce_only]
        return self._advice.on(opened, view) if opened else ()

    def rearm(self, name: str, at_ns: int, person: str, reason: str) -> str:
        """Open a latch, or the level under the name `global`; answers the sentence for the journal."""
        if name != GLOBAL:
            return str(self.latches.rearm(name, at_ns, person, reason))
        if self.book is None:
            raise UserError("nobody assesses the global risk here", remedy="there is nothing to re-arm")
        return self.book.level.rearm(at_ns, person, reason)

    def memory(self) -> dict[str, Any]:
        """Plain values for the state folder."""
        return remembered(self.gates, self.latches, self.level)

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Bring back what `memory` gave."""
        recall(memory, self.gates, self.latches, self.level)

    @property
    def level(self) -> GlobalRiskState | None:
        """The global risk level in force, where somebody assesses it."""
        return None if self.book is None else self.book.level


def slippage_bps(fill: Fill) -> float:
    """What crossing cost in one fill, in basis points of the price before it; NaN without such a price."""
    if not fill.reference_price.is_finite() or fill.reference_price <= 0:
        return float("nan")
    return float(fill.slippage_quote / (fill.reference_price * fill.quantity)) * 1e4 if fill.quantity else 0.0
