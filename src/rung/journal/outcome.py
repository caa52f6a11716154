"""What came of a decision: its fills, and the round trip they began or ended."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec

from rung.domain.account import Position
from rung.domain.fill import Fill
from rung.journal.bullet import Bullet, utc

ZERO = Decimal(0)
CENT = Decimal("0.00000001")


class Pending(msgspec.Struct):
    """A bullet that waits for its result. Quantities are unsigned; `holds` is what it opened and is still held."""

    bullet: Bullet
    wanted: Decimal
    reduces: bool
    done: bool = False
    fills: int = 0
    filled: Decimal = ZERO
    value: Decimal = ZERO
    fees: Decimal = ZERO
    slippage: Decimal = ZERO
    first_ns: int | None = None
    holds: Decimal = ZERO
    pnl: Decimal | None = None
    entries: list[str] = msgspec.field(default_factory=list)
    exits: list[str] = msgspec.field(default_factory=list)
    closed: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def complete(self) -> bool:
        return self.filled >= self.wanted

    def take(self, fill: Fill) -> None:
        self.fills += 1
        self.filled += fill.quantity
        self.value += fill.value_quote
        self.fees += fill.fee_quote
        self.slippage += fill.slippage_quote
        self.first_ns = fill.at_ns if self.first_ns is None else self.first_ns

    def realise(self, pnl: Decimal, entries: list[str]) -> None:
        self.pnl = (self.pnl or ZERO) + pnl
        self.entries += [entry for entry in entries if entry not in self.entries]

    def told(self) -> Bullet:
        """The bullet with everything that is known by now."""
        pnl = None if self.pnl is None or self.holds != 0 else self.pnl
        outcome = () if pnl is None else (f"outcome:{'win' if pnl > 0 else 'loss' if pnl < 0 else 'flat'}",)
        return replace(
            self.bullet,
            result={**self.bullet.result, "execution_result": self._execution(), "pnl": _float(pnl)},
            edges=(*self.bullet.edges, *self._edges(pnl)),
            tags=(*self.bullet.tags, *outcome),
        )

    def _execution(self) -> dict[str, Any]:
        return {
            "status": self._status(),
            "filled_quantity": float(self.filled),
            "average_price": float(self.value / self.filled) if self.filled else None,
            "fee_quote": float(self.fees),
            "slippage_quote": float(self.slippage),
            "fills": self.fills,
            "filled_at": None if self.first_ns is None else utc(self.first_ns),
            "entry_ids": list(self.entries),
            **self.closed,
        }

    def _status(self) -> str:
        if self.complete:
            return "filled"
        if not self.done:
            return "working"
        return "partly_filled" if self.filled else "unfilled"

    def _edges(self, pnl: Decimal | None) -> list[dict[str, Any]]:
        """From an opening leg to the legs that closed it, and whether they proved it right."""
        led = [{"type": "led_to", "target_id": exit_id, "weight": 1.0} for exit_id in self.exits]
        if pnl is None or not led:
            return led
        said = "confirmed_by" if pnl > 0 else "invalidated_by"
        return [*led, {"type": said, "target_id": self.exits[-1], "weight": 1.0}]


class Trip(msgspec.Struct):
    """A position at average cost from its first fill until it is flat; quantity and cost are signed (short < 0).

    net : realised so far, every fee deducted.   entries : quantity opened, by order id.   exits : bullet ids.
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO
    fees: Decimal = ZERO
    net: Decimal = ZERO
    entered: Decimal = ZERO
    entries: dict[str, Decimal] = msgspec.field(default_factory=dict)
    exits: list[str] = msgspec.field(default_factory=list)

    @classmethod
    def of(cls, position: Position) -> Trip:
        """A position whose beginning was not seen."""
        return cls(
            quantity=position.quantity,
            cost=position.quantity * position.entry_price,
            fees=position.entry_fees_quote,
            net=-position.entry_fees_quote,
            entered=abs(position.quantity),
        )

    def split(self, fill: Fill) -> tuple[Decimal, Decimal]:
        """How much of the fill opens and how much closes."""
        closes = min(fill.quantity, abs(self.quantity)) if self.quantity * fill.side.sign < 0 else ZERO
        return fill.quantity - closes, closes

    def open(self, fill: Fill, quantity: Decimal) -> None:
        signed = quantity * fill.side.sign
        fee = _share(fill.fee_quote, quantity, fill.quantity)
        self.quantity += signed
        self.cost += signed * fill.price
        self.fees += fee
        self.net -= fee
        self.entered += quantity
        self.entries[fill.order_id] = self.entries.get(fill.order_id, ZERO) + quantity

    def close(self, fill: Fill, quantity: Decimal, bullet: str) -> Decimal:
        """P&L realised by the closing part: net of its own fee and of the entry fees it releases."""
        signed = quantity * fill.side.sign
        fee = _share(fill.fee_quote, quantity, fill.quantity)
        released = _share(self.cost, quantity, abs(self.quantity))
        entry_fees = _share(self.fees, quantity, abs(self.quantity))
        gross = -signed * fill.price - released
        self.cost -= released
        self.fees -= entry_fees
        self.quantity += signed
        self.net += gross - fee
        if bullet and bullet not in self.exits:
            self.exits.append(bullet)
        return gross - fee - entry_fees

    def settle(self, fill: Fill, pending: dict[str, Pending]) -> None:
        """The position is flat: every leg that opened it gets its share of the round trip."""
        for order_id, quantity in self.entries.items():
            waiting = pending.get(order_id)
            if waiting is not None:
                waiting.pnl = (waiting.pnl or ZERO) + _share(self.net, quantity, self.entered)
                waiting.holds -= quantity
                waiting.exits += [exit_id for exit_id in self.exits if exit_id not in waiting.exits]
                waiting.closed = {
                    "closed_at": utc(fill.at_ns),
                    "closed_by": fill.trigger.value,
                    "closed_action": fill.action.value,
                    "closed_reason": fill.reason,
                }


def _share(total: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    """To 8 decimals; all of it when the part is the whole."""
    return total if part == whole else (total * part / whole).quantize(CENT)


def _float(amount: Decimal | None) -> float | None:
    return None if amount is None else float(amount)
