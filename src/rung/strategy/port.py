"""The Strategy port. A strategy decides; it cannot trade."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from rung.domain.slice import Slice
from rung.domain.target import Signal, Target
from rung.domain.view import View


class Strategy(Protocol):
    """Called once per slice with everything known so far; answers with what it wants.

    No target for a symbol means "leave it alone". `name` goes into every order id and journal entry.
    """

    name: str

    def decide(self, view: View) -> Sequence[Target]: ...


@runtime_checkable
class Explains(Protocol):
    """A strategy that can also say what it believed when it last decided; the desk journals it."""

    def signals(self) -> Sequence[Signal]: ...


@runtime_checkable
class WarmsUp(Protocol):
    """A strategy that learns from slices before it may trade: sessions strictly before the first replayed one."""

    def warm_up(self, event: Slice) -> None: ...
