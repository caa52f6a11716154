"""One writer at a time: the exclusive lease with a fencing token.

The lease keeps a second writer out. The token keeps a *first* writer out that was declared dead and was not: every
acquisition makes a higher token, the store remembers the highest, and refuses entries from a lower one (`Fenced`).
"""

from __future__ import annotations

from typing import Protocol

from rung.domain.errors import UserError


class Lease(Protocol):
    """Held until released, or until the holding process is gone: nothing expires by a clock.

    name : what is leased (a journal file, an account).   holder : who, in words a person understands.
    token : higher than that of every lease on `name` before.
    """

    name: str
    holder: str
    token: int

    def release(self) -> None:
        """Let the next one in. May be called twice."""
        ...


class Taken(UserError):
    """Another writer holds the lease."""


def taken(name: str, holder: str) -> Taken:
    """What a second writer is told."""
    return Taken(
        f"already written to by {holder or 'another process'}",
        where=name,
        remedy="stop that one first, or take over if it hangs",
    )
