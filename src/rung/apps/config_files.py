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
        "costs.toml",
        "rung.simulation.params:CostParams",
        "what trading costs in the simulator: every key must be said, zero too",
    ),
    ConfigFile("risk/screen.toml", "rung.risk.params:ScreenLimits", "the gates of every run"),
)
