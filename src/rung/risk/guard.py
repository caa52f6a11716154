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
from rung.domain.verdicts import Verdict
from rung.domain.view import View
from rung.risk.gate import Gate
from rung.risk.global_risk import GlobalLimits, assess
from rung.risk.global_state import GlobalRiskState
from rung.risk.latch import LatchFacts
from rung.risk.latches import Latches
from rung.risk.memory import advice, recall, remembered
from rung.risk.screen import screen
from rung.risk.suite import observe, observers
from rung.risk.watch import RiskWatch

GLOBAL = "global"
"""The name under which the global risk level is re-armed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What risk asks of the desk after a look. notes : for people and the journal, warnings and changes alike.

    flatten : close every position.   kill : throw the kill switch.   revert : restore the parameters before these.
    """

    notes: tuple[str, ...] = ()
    flatten: bool = False
    kill: bool = False
    revert: bool = False


@dataclass(slots=True, kw_only=True)
class Guard:
    """One account's gates, latches and global level.

    Per slice: `observe(event)` before anything, `look(view, fills)` once the account is marked, `screen(…)` on the
    orders. watch and level : None where the global risk is not assessed; then no gate may ask for it.
    assess_every : slices between two assessments of the book, which costs more than everything else here.
    """

    gates: tuple[Gate, ...]
    latches: Latches
    watch: RiskWatch | None = None
    level: GlobalRiskState | None = None
    limits: GlobalLimits = field(default_factory=GlobalLimits)
    assess_every: int = 5
    _slices: int = 0

    def observe(self, event: Slice) -> None:
        """Show one slice to everything that remembers the market."""
        observe(observers(self.gates), event)
        if self.watch is not None:
            self.watch.observe(event)

    def look(self, view: View, fills: Sequence[Fill] = (), flow_quote: Decimal = Decimal(0)) -> Findings:
        """Measure the account. flow_quote : deposits less withdrawals since the last look, in the equity already."""
        facts = LatchFacts(
            at_ns=view.slice.at_ns,
            session=view.slice.session,
            equity_quote=view.account.equity_quote,
            flow_quote=flow_quote,
            closed_trades_quote=view.account.closed_trades_quote,
            slippage_bps=tuple(slippage_bps(fill) for fill in fills),
        )
        events = self.latches.tick(facts)
        notes = [str(event) for event in events]
        changed = self._assess(view)
        if changed is not None:
            notes.append(changed)
        return Findings(
            notes=tuple(notes),
            flatten=self.latches.wants_flat,
            kill=self.latches.wants_kill,
            revert=any(then.revert for _, then in self.latches.tripped.values()),
        )

    def screen(self, orders: Sequence[Order], view: View, working: Sequence[Order] = ()) -> tuple[Verdict, ...]:
        """`rung.risk.screen.screen` with these gates."""
        return screen(orders, self.gates, view, working=working)

    def advice(self, orders: Sequence[Order], view: View) -> tuple[str, ...]:
        """Remarks on orders that were let through."""
        return advice(orders, self.gates, view)

    def rearm(self, name: str, at_ns: int, person: str, reason: str) -> str:
        """Open a latch, or the level under the name `global`; answers the sentence for the journal."""
        if name != GLOBAL:
            return str(self.latches.rearm(name, at_ns, person, reason))
        if self.level is None:
            raise UserError("nobody assesses the global risk here", remedy="there is nothing to re-arm")
        return self.level.rearm(at_ns, person, reason)

    def memory(self) -> dict[str, Any]:
        """Plain values for the state folder."""
        return remembered(self.gates, self.latches, self.level)

    def recall(self, memory: Mapping[str, Any]) -> None:
        """Bring back what `memory` gave."""
        recall(memory, self.gates, self.latches, self.level)

    def _assess(self, view: View) -> str | None:
        self._slices += 1
        if self.watch is None or self.level is None or (self._slices - 1) % self.assess_every:
            return None
        return self.level.assessed(assess(self.watch.facts(view), self.limits))


def slippage_bps(fill: Fill) -> float:
    """What crossing cost in one fill, in basis points of the price before it; NaN without such a price."""
    if not fill.reference_price.is_finite() or fill.reference_price <= 0:
        return float("nan")
    return float(fill.slippage_quote / (fill.reference_price * fill.quantity)) * 1e4 if fill.quantity else 0.0
