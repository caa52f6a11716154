"""The Gate port: one file, one formula, one sentence of refusal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rung.domain.order import Order
from rung.domain.verdicts import Violation
from rung.domain.view import View


class Gate(Protocol):
    """Judges one order against one rule. An empty answer lets it through; a missing or non-finite fact must refuse.

    `ahead` holds the orders already approved in this same batch, so that limits bind on what is really sent.
    A gate never sees reduce-only orders: those pass every entry gate by construction of `screen`.
    """

    name: str

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]: ...
