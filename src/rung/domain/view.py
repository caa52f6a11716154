"""What a strategy, an allocator or a gate is allowed to look at."""

from __future__ import annotations

from msgspec import Struct

from rung.domain.account import Account
from rung.domain.slice import Slice


class View(Struct, frozen=True, kw_only=True, gc=False):
    """The newest slice and the account marked to it. Nothing in here is from the future."""

    slice: Slice
    account: Account
