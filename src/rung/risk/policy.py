"""Who may trade for whom: black and white lists of strategies per capital profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_doc import Doc


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPolicy:
    """Lists of strategy names. An empty whitelist allows every strategy that no blacklist names."""

    blacklist: Annotated[tuple[str, ...], Doc("strategies no account may run")] = ()
    profile_blacklist: Annotated[
        Mapping[str, tuple[str, ...]], Doc("strategies accounts of a profile may not run, by profile")
    ] = field(default_factory=dict)
    profile_whitelist: Annotated[
        Mapping[str, tuple[str, ...]], Doc("the only strategies accounts of a profile may run, by profile")
    ] = field(default_factory=dict)

    def refusal(self, strategy: str, profile: str) -> str | None:
        """Why `strategy` may not trade under `profile`, or None when it may."""
        if not strategy:
            return "has no name"
        if strategy in self.blacklist:
            return "is on the global blacklist"
        if strategy in self.profile_blacklist.get(profile, ()):
            return f"is on the blacklist of profile {profile}"
        allowed = self.profile_whitelist.get(profile, ())
        if allowed and strategy not in allowed:
            return f"is not on the whitelist of profile {profile} ({', '.join(allowed)})"
        return None
