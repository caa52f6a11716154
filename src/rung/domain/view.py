"""What a strategy, an allocator or a gate is allowed to look at."""

from __future__ import annotations

from dataclasses import dataclass

from rung.domain.account import Account
from rung.domain.slice import Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The newest slice and the account marked to it. Nothing in here is from the future."""

    slice: Slice
    account: Account
