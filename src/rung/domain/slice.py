"""Everything that became known at one instant."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from rung.domain.bar import Bar
from rung.domain.session import Session


class Slice(Struct, frozen=True, kw_only=True, gc=False):
    """The bars that closed exactly at `at_ns`, by symbol.

    A symbol whose minute is missing is missing here too: nothing is ever filled in. `session` is the one the bars
    belong to (the last bar of a session is known at `session.close_ns` and still carries that session).
    """

    at_ns: int
    session: Session
    bars: Mapping[str, Bar]
