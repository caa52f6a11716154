"""Files and tapes become a desk that replays the rotation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from rung.allocation.allocate import Allocator
from rung.allocation.sizing import SizingParams
from rung.apps.limit_files import LoadedLimits
from rung.config.identity import content_id
from rung.config.load import Loaded, load
from rung.domain.instrument import us_equity
from rung.engine.desk import Desk
from rung.ledger.ledger import Ledger
from rung.risk.flag import Flag, PolledKill
from rung.risk.gateway import GatePorts, build_guard
from rung.risk.guard import Guard
from rung.simulation.compose import sim_venue
from rung.simulation.params import CostParams
from rung.strategy.rotation.params import RotationConfig
from rung.strategy.rotation.signals import Predictor
from rung.strategy.rotation.strategy import Rotation

CURRENCY = "USD"
BUILT_IN_LEVERAGE: Mapping[str, float] = {
    **dict.fromkeys(("TQQQ", "SQQQ", "SPXL", "SPXS", "UPRO", "SPXU", "TNA", "TZA", "SOXL", "SOXS"), 3.0),
    **dict.fromkeys(("QLD", "QID", "SSO", "SDS", "TWM", "UWM"), 2.0),
    "UVXY": 1.5,
}
"""Daily leverage inside exchange-traded products, as their issuers state it; what is not listed counts once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationFiles:
    """The files that decide a rotation run, validated; of several limit files the strictest limits bind."""

    rotation: Loaded[RotationConfig]
    costs: Loaded[CostParams]
    limits: LoadedLimits

    @property
    def config_id(self) -> str:
        """One id for all of them; it goes into every report and journal."""
        return f"{self.rotation.id}-{self.costs.id}-{content_id(self.limits.recorded)}"


def load_rotation_files(
    rotation_path: Path, costs_path: Path, limits: LoadedLimits, symbols: tuple[str, ...]
) -> RotationFiles:
    """Read and validate; `symbols` replaces the configured ones when given. Raises UserError naming file and key."""
    rotation = load(rotation_path, RotationConfig)
    if symbols:
        value = replace(rotation.value, symbols=replace(rotation.value.symbols, active=symbols))
        rotation = replace(rotation, value=value, id=content_id(value))
    return RotationFiles(rotation=rotation, costs=load(costs_path, CostParams), limits=limits)


def rotation_strategy(files: RotationFiles, predictor: Predictor) -> Rotation:
    return Rotation(files.rotation.value, predictor)


def rotation_guard(files: RotationFiles, capital_quote: Decimal, *, kill: PolledKill, maintenance: Flag) -> Guard:
    """Fresh gates and latches for the limits of a run."""
    ports = GatePorts(
        kill=kill,
        maintenance=maintenance,
        start_equity_quote=capital_quote,
        instruments={symbol: us_equity(symbol) for symbol in files.rotation.value.symbols.active},
        profile=files.limits.profile,
        policy=files.limits.policy,
        multipliers=BUILT_IN_LEVERAGE,
    )
    return build_guard(files.limits.effective, ports)


def rotation_desk(
    files: RotationFiles,
    strategy: Rotation,
    *,
    capital_quote: Decimal,
    flagged: Mapping[str, frozenset[int]],
    guard: Guard,
) -> Desk:
    """A fresh desk: its own ledger and venue, sharing nothing with any other; `guard` is its own as well."""
    config = files.rotation.value
    rules = config.rotation_manager_config
    instruments = {symbol: us_equity(symbol) for symbol in config.symbols.active}
    sizing = SizingParams(min_position_quote=Decimal(str(rules.min_position_quote)), adaptive=rules.adaptive_sizing)
    return Desk(
        strategy=strategy,
        allocator=Allocator(strategy=strategy.name, instruments=instruments, params=sizing),
        guard=guard,
        venue=sim_venue(files.costs.value, instruments, flagged),
        ledger=Ledger(CURRENCY, capital_quote),
    )
