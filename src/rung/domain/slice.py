"""Everything that became known at one instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rung.domain.bar import Bar
from rung.domain.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The bars that closed exactly at `at_ns`, by symbol.

    A symbol whose minute is missing is missing here too: nothing is ever filled in. `session` is the one the bars
    belong to (the last bar of a session is known at `session.close_ns` and still carries that session).
    """

    at_ns: int
    session: Session
    bars: Mapping[str, Bar]
