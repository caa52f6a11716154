"""Predictions → Signals: side, strength, smoothing, filters and rank.

strength = side probability × confidence × boost × staleness weight, smoothed by an EMA, where the side probability
is max(p, 1 − p): a short leans as strongly as a long. Staleness is applied once. An EMA that has changed sides
starts anew, so a long's past never speaks for a short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import NamedTuple, Protocol

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
    lean: Lean = Lean.NEUTRAL
    known_ns: int = -1
    missed_bars: int = 0
    close: float = 0.0


class SignalBook:
    """Holds one track per symbol; `update` is called once per slice."""

    def __init__(self, config: RotationConfig) -> None:
        self._filter = config.signal_aggregator_config
        self._data = config.data_manager_config
        self._tracks = [
            _Track(symbol=s, boost=config.boost(s), thresholds=Thresholds(config.oes_config))
            for s in config.symbols.active
        ]

    def update(self, event: Slice, predictions: Sequence[Prediction]) -> tuple[Signal, ...]:
        """Every symbol with a prediction young enough to count, ranked ones first (rank 1 is strongest).

        Unranked signals (rank 0) are those a filter held back: neutral, unready, too weak or too unsure.
        """
        rows: list[tuple[float, _Track, Prediction, float]] = []
        unranked: list[Signal] = []
        for track, prediction in zip(self._tracks, predictions, strict=True):
            staleness = self._see(track, event, prediction)
            if staleness <= 0.0 or not prediction.ready:
                continue
            side_probability = self._score(track, prediction, staleness)
            if self._passes(track, side_probability, prediction.confidence):
                rows.append((track.strength, track, prediction, side_probability))
            else:
                unranked.append(_signal(event.at_ns, track, prediction, side_probability, 0))
        rows.sort(key=_by_strength)
        ranked = [_signal(event.at_ns, t, p, q, rank) for rank, (_, t, p, q) in enumerate(rows, start=1)]
        return (*ranked, *unranked)

    def fresh_frac(self, at_ns: int) -> float:
        """Share of the symbols whose newest bar is younger than `max_staleness_seconds`, in [0, 1]."""
        horizon_ns = at_ns - int(self._filter.max_staleness_seconds * NS_PER_SECOND)
        fresh = sum(1 for t in self._tracks if t.known_ns > horizon_ns)
        return fresh / len(self._tracks)

    def _see(self, track: _Track, event: Slice, prediction: Prediction) -> float:
        """Note the symbol's bar, or its absence; answers the staleness weight, 0 when the prediction is void."""
        bar = event.bars.get(track.symbol)
        if bar is not None:
            if track.close > 0.0:
                track.thresholds.learn(bar.close / track.close - 1.0)
            track.close = bar.close
            track.known_ns, track.missed_bars = event.at_ns, 0
            return 1.0
        if track.known_ns < 0:
            return 0.0
        track.missed_bars += 1
        age_seconds = (event.at_ns - track.known_ns) / NS_PER_SECOND
        if age_seconds >= self._data.max_staleness_seconds or track.missed_bars > self._data.max_forward_fills:
            return 0.0
        return exp(-age_seconds / STALENESS_TAU_SECONDS) if self._filter.filter_stale_signals else 1.0

    def _score(self, track: _Track, prediction: Prediction, staleness: float) -> float:
        """Update lean and smoothed strength; answers the probability of the chosen side."""
        p_up = prediction.probability_up
        lean = track.thresholds.lean(p_up)
        if track.missed_bars == 0:
            track.thresholds.announce(lean)
        side_probability = max(p_up, 1.0 - p_up)
        if lean is Lean.NEUTRAL:
            track.lean = lean
            return side_probability
        raw = side_probability * prediction.confidence * track.boost * staleness
        alpha = self._filter.smoothing_alpha
        same_side = track.lean is lean
        track.strength = alpha * raw + (1.0 - alpha) * track.strength if same_side else raw
        track.lean = lean
        return side_probability

    def _passes(self, track: _Track, side_probability: float, confidence: float) -> bool:
        limits = self._filter
        return (
            track.lean is not Lean.NEUTRAL
            and side_probability >= limits.min_probability
            and confidence >= max(HARD_MIN_CONFIDENCE, limits.min_confidence)
            and track.strength >= limits.min_strength
        )


def _by_strength(row: tuple[float, _Track, Prediction, float]) -> float:
    return -row[0]


def _signal(at_ns: int, track: _Track, prediction: Prediction, side_probability: float, rank: int) -> Signal:
    return Signal(
        at_ns=at_ns,
        symbol=track.symbol,
        lean=track.lean,
        probability=side_probability,
        confidence=prediction.confidence,
        strength=track.strength if rank else 0.0,
        rank=rank,
    )
