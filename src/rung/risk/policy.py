"""Who may trade for whom: strategies switched off, black and white lists per capital profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_doc import Doc

from rung.risk.limit_sets import PROFILE_LADDER


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyPolicy:
    """Lists of strategy names. An empty whitelist allows every strategy that no blacklist names."""

    disabled: Annotated[tuple[str, ...], Doc("strategies that are switched off")] = ()
    blacklist: Annotated[tuple[str, ...], Doc("strategies no account may run")] = ()
    profile_blacklist: Annotated[
        Mapping[str, tuple[str, ...]], Doc("strategies accounts of a profile may not run, by profile")
    ] = field(default_factory=dict)
    profile_whitelist: Annotated[
        Mapping[str, tuple[str, ...]], Doc("the only strategies accounts of a profile may run, by profile")
    ] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in (*self.profile_blacklist, *self.profile_whitelist):
            if name not in PROFILE_LADDER:
                raise ValueError(f"there is no profile {name!r}: choose among {', '.join(PROFILE_LADDER)}")

    def enabled(self, strategy: str) -> bool:
        """False while it is switched off."""
        return strategy not in self.disabled

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
