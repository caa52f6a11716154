"""The record of everything the desk did to one event: this is what the journal keeps."""

from __future__ import annotations

from msgspec import Struct

from rung.domain.account import Account
from rung.domain.charge import Charge
from rung.domain.fill import Fill
from rung.domain.slice import Slice
from rung.domain.target import Signal, Target
from rung.domain.verdicts import Verdict


class Step(Struct, frozen=True, kw_only=True, gc=False):
    """One event through the whole house, in the order it happened.

    fills : what the venue did since the last step (orders sent at t fill at t+1 at the earliest).
    charges : what the venue took or gave without a trade since the last step: funding, borrow, liquidation fees.
    account : marked to this slice, after those fills and charges, before the new orders.
    signals, targets, verdicts : believed, wanted, allowed or refused and why.
    notes : things a person should read (a latch tripped, an order carried overnight).
    """

    seq: int
    event: Slice
    fills: tuple[Fill, ...]
    account: Account
    signals: tuple[Signal, ...]
    targets: tuple[Target, ...]
    verdicts: tuple[Verdict, ...]
    notes: tuple[str, ...] = ()
    charges: tuple[Charge, ...] = ()

    @property
    def at_ns(self) -> int:
        return self.event.at_ns
