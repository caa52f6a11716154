"""Predictions → Signals: side, strength, smoothing, filters and rank.

strength = side probability × confidence × boost × staleness weight, smoothed by an EMA, where the side probability
is max(p, 1 − p): a short leans as strongly as a long. Staleness is applied once. An EMA that has changed sides
starts anew, so a long's past never speaks for a short; neutral bars in between leave it as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from operator import itemgetter
from typing import NamedTuple, Protocol

from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_SECOND
from rung.domain.slice import Slice
from rung.domain.target import Lean, Signal
from rung.strategy.rotation.calibration import Thresholds
from rung.strategy.rotation.params import RotationConfig

STALENESS_TAU_SECONDS = 60.0
HARD_MIN_CONFIDENCE = 0.005


class Prediction(NamedTuple):
    """What the model says of one symbol after its newest bar.

    probability_up : of a rise, in (0, 1).   confidence : in [0, 1].   ready : enough samples were learned.
    """

    probability_up: float
    confidence: float
    ready: bool


class Predictor(Protocol):
    """Turns each slice into one Prediction per symbol, in the order of `symbols`.

    A symbol without a bar in the slice repeats its last prediction; the caller knows how old that is.
    """

    symbols: tuple[str, ...]

    def predict(self, event: Slice) -> Sequence[Prediction]: ...


@dataclass(slots=True)
class _Track:
    """What is remembered of one symbol from slice to slice."""

    symbol: str
    boost: float
    thresholds: Thresholds
    strength: float = 0.0
    lean: Lean = Lean.NEUTRAL  # the last side that was not neutral
    known_ns: int = -1
    missed_bars: int = 0
    close: float = 0.0


class SignalBook:
    """Holds one track per symbol; `update` is called once per slice."""

    def __init__(self, config: RotationConfig) -> None:
        self._filter = config.signal_aggregator_config
        self._data = config.data_manager_config
        self._ranks_shorts = config.rotation_manager_config.allow_shorts
        self._calibrates = config.oes_config.enable_threshold_calibration
        self._min_confidence = max(HARD_MIN_CONFIDENCE, self._filter.min_confidence)
        self._fresh_for_ns = int(self._filter.max_staleness_seconds * NS_PER_SECOND)
        self._tracks = [
            _Track(symbol=s, boost=config.boost(s), thresholds=Thresholds(config.oes_config))
            for s in config.symbols.active
        ]

    def update(self, event: Slice, predictions: Sequence[Prediction]) -> tuple[Signal, ...]:
        """Every symbol with a prediction young enough to count, ranked ones first (rank 1 is strongest).

        Unranked signals (rank 0, strength 0) are those that cannot be acted on: neutral, too weak, too unsure, or
        short where shorts are not traded.
        """
        ranked: list[tuple[float, str, Lean, float, float]] = []
        unranked: list[Signal] = []
        at_ns = event.at_ns
        for track, (probability_up, confidence, ready) in zip(self._tracks, predictions, strict=True):
            bar = event.bars.get(track.symbol)
            staleness = self._note(track, bar, at_ns) if bar is not None else self._miss(track, at_ns)
            if staleness <= 0.0 or not ready:
                continue
            probability = probability_up if probability_up >= 0.5 else 1.0 - probability_up
            lean = self._lean(track, probability_up, probability * confidence * track.boost * staleness)
            if self._passes(lean, probability, confidence, track.strength):
                ranked.append((track.strength, track.symbol, lean, probability, confidence))
            else:
                unranked.append(_signal(at_ns, 0, (0.0, track.symbol, lean, probability, confidence)))
        ranked.sort(key=itemgetter(0), reverse=True)
        return (*[_signal(at_ns, rank, said) for rank, said in enumerate(ranked, start=1)], *unranked)

    def fresh_frac(self, at_ns: int) -> float:
        """Share of the symbols whose newest bar is younger than `max_staleness_seconds`, in [0, 1]."""
        horizon_ns = at_ns - self._fresh_for_ns
        return sum([t.known_ns > horizon_ns for t in self._tracks]) / len(self._tracks)

    def _note(self, track: _Track, bar: Bar, at_ns: int) -> float:
        """The symbol has a bar: nothing is stale."""
        if self._calibrates and track.close > 0.0:
            track.thresholds.learn(bar.close / track.close - 1.0)
        track.close = bar.close
        track.known_ns, track.missed_bars = at_ns, 0
        return 1.0

    def _miss(self, track: _Track, at_ns: int) -> float:
        """The symbol has no bar: the weight of what was last said of it, 0 when that is void."""
        if track.known_ns < 0:
            return 0.0
        track.missed_bars += 1
        age_seconds = (at_ns - track.known_ns) / NS_PER_SECOND
        if age_seconds >= self._data.max_staleness_seconds or track.missed_bars > self._data.max_forward_fills:
            return 0.0
        return exp(-age_seconds / STALENESS_TAU_SECONDS) if self._filter.filter_stale_signals else 1.0

    def _lean(self, track: _Track, probability_up: float, raw: float) -> Lean:
        """Choose the side and smooth its raw strength. A neutral bar leaves the side's strength where it was."""
        lean = track.thresholds.lean(probability_up)
        if self._calibrates and track.missed_bars == 0:
            track.thresholds.announce(lean)
        if lean is not Lean.NEUTRAL:
            alpha = self._filter.smoothing_alpha
            same_side = track.lean is lean
            track.strength = alpha * raw + (1.0 - alpha) * track.strength if same_side else raw
            track.lean = lean
        return lean

    def _passes(self, lean: Lean, probability: float, confidence: float, strength: float) -> bool:
        limits = self._filter
        return (
            (lean is Lean.LONG or (lean is Lean.SHORT and self._ranks_shorts))
            and probability >= limits.min_probability
            and confidence >= self._min_confidence
            and strength >= limits.min_strength
        )


def _signal(at_ns: int, rank: int, said: tuple[float, str, Lean, float, float]) -> Signal:
    strength, symbol, lean, probability, confidence = said
    return Signal(
        at_ns=at_ns, symbol=symbol, lean=lean, probability=probability, confidence=confidence,
        strength=strength, rank=rank,
    )  # fmt: skip
