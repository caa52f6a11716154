"""The Gate port: one file, one formula, one sentence of refusal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from rung.domain.order import Order
from rung.domain.slice import Slice
from rung.domain.verdicts import Violation
from rung.domain.view import View


class Gate(Protocol):
    """Judges one order against one rule. An empty answer lets it through; a missing fact must refuse.

    `check` changes nothing: asked twice, it answers twice the same. `ahead` holds the orders already approved
    in this same batch (and those still working), so that limits bind on what is really sent. A gate never sees
    an order that only cuts risk: those pass every entry gate by construction of `screen`.
    A gate that cannot judge raises `Refusable("cannot judge without …")`; `screen` makes every exception a
    refusal.
    halts : True for a latched halt; its refusal makes asking the remaining gates pointless.
    """

    name: str
    halts: bool

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]: ...


class Keeps:
    """A gate that must not forget over a restart.

    `memory` is plain (dicts, lists, strings, integers) and `recall` restores it bit for bit.
    """

    def memory(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def recall(self, memory: Mapping[str, Any]) -> None:
        raise NotImplementedError


class Remembers(Keeps):
    """A gate that counts attempts (rate, spacing, duplicates).

    `remember` is called once per judged order, approved or not, after every gate has spoken.
    A plain class, not an ABC: `isinstance` is asked once per gate and order.
    """

    def remember(self, order: Order, view: View) -> None:
        raise NotImplementedError


class Observes:
    """A gate that needs the past of the market: shown every slice once, before anything is decided on it."""

    @property
    def remembers(self) -> int | None:
        """Where all slices hold the same symbols: shown the newest of them only, this many, it judges as if it had
        seen them all. None: it needs every one.
        """
        return None

    def observe(self, event: Slice) -> None:
        raise NotImplementedError


class Advises:
    """A gate that also has something to say about an order it lets through: one sentence each, never a refusal."""

    def advise(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[str]:
        raise NotImplementedError


def observers(gates: Iterable[Gate]) -> tuple[Observes, ...]:
    """The gates that must be shown every slice."""
    return tuple(gate for gate in gates if isinstance(gate, Observes))


def observe(watching: Iterable[Observes], event: Slice) -> None:
    """Show one slice to the observers: once per slice, before anything is decided on it."""
    for gate in watching:
        gate.observe(event)
