"""The rotation behind the Strategy port: predict, score, decide."""

from __future__ import annotations

from collections.abc import Sequence

from rung.domain.slice import Slice
from rung.domain.target import Signal, Target
from rung.domain.view import View
from rung.strategy.rotation.params import RotationConfig
from rung.strategy.rotation.rules import RotationRules
from rung.strategy.rotation.signals import Predictor, SignalBook


class Rotation:
    """Holds the strongest few signals and lets capital flow to stronger ones.

    Deterministic given its predictor: no clock, no chance, no I/O. Implements `Strategy`, `Explains` and `WarmsUp`.
    """

    name = "rotation"

    def __init__(self, config: RotationConfig, predictor: Predictor) -> None:
        if predictor.symbols != config.symbols.active:
            raise ValueError(f"the predictor knows {predictor.symbols}, the config {config.symbols.active}")
        self._config = config
        self._predictor = predictor
        self._book = SignalBook(config)
        self._rules = RotationRules(config)
        self._signals: tuple[Signal, ...] = ()

    def decide(self, view: View) -> Sequence[Target]:
        """Targets for the symbols that should change or are held; silent about the rest."""
        predictions = self._predictor.predict(view.slice)
        self._signals = self._book.update(view.slice, predictions)
        fresh = self._book.fresh_frac(view.slice.at_ns)
        may_enter = fresh >= self._config.data_manager_config.min_fresh_frac
        return self._rules.decide(view, self._signals, may_enter=may_enter)

    def warm_up(self, event: Slice) -> None:
        """Learn from a slice without deciding on it."""
        self._signals = self._book.update(event, self._predictor.predict(event))
        self._rules.count_bar(event)

    def signals(self) -> Sequence[Signal]:
        """What was believed at the last `decide`."""
        return self._signals
