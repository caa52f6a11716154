"""Every configuration file Rung ships, and the dataclass that says what may stand in it."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple


class ConfigFile(NamedTuple):
    """`name` is the path below `config/`; `target` is "module:class"; `about` is one line."""

    name: str
    target: str
    about: str

    def schema(self) -> type:
        """The dataclass; its stage is imported now, not before."""
        module, _, name = self.target.partition(":")
        schema: type = getattr(import_module(module), name)
        return schema


CONFIG_FILES: tuple[ConfigFile, ...] = (
    ConfigFile(
        "rotation_strategy.json",
        "rung.strategy.rotation.params:RotationConfig",
        "the rotation: symbols, learner, signals, rules; the source's own file loads as it is",
    ),
    ConfigFile(
        "rotation_source.json",
        "rung.strategy.rotation.params:RotationConfig",
        "the same with the learner as its source states it, for comparison: `rung mock --config`",
    ),
    ConfigFile(
        "costs.toml",
        "rung.simulation.params:CostParams",
        "what trading costs in the simulator: every key must be said, zero too",
    ),
    ConfigFile(
        "costs_crypto.toml",
        "rung.simulation.params:CryptoCostParams",
        "the same for crypto spot and perpetuals: fees, borrow, margin",
    ),
    ConfigFile(
        "instruments.toml",
        "rung.market.instruments:InstrumentsFile",
        "perpetuals and coins as their venues trade them: steps, smallest order, margin tiers, funding interval",
    ),
    ConfigFile("risk/screen.toml", "rung.risk.params:ScreenLimits", "the gates of every run, in fractions of equity"),
    ConfigFile(
        "risk/backtest.toml", "rung.risk.params:ScreenLimits", "the gates of `rung backtest`: the same ones, set wide"
    ),
    ConfigFile(
        "risk/qts.risk.json", "rung.risk.limit_sets:QtsRisk", "the LLM trader's limits, in its own thirteen keys"
    ),
    ConfigFile(
        "risk/ultra_conservative.toml",
        "rung.risk.limit_sets:UltraConservative",
        "margin, value and risk of a trade in dollars",
    ),
    ConfigFile("risk/safety_gate.toml", "rung.risk.limit_sets:SafetyGate", "loss limits by period, drawdown, pace"),
    ConfigFile(
        "risk/global.toml", "rung.risk.global_risk:GlobalLimits", "what makes the whole book CAUTION or EMERGENCY"
    ),
    ConfigFile(
        "risk/strategies.toml", "rung.risk.policy:StrategyPolicy", "which strategies may trade for which profile"
    ),
    ConfigFile("profiles.toml", "rung.risk.limit_sets:Profiles", "the four capital profiles"),
)
