"""The learner's slow twin: textbook matrices, one separate filter per horizon, each updated when its target matures.

Same contract as the compiled learner, another arithmetic: full symmetric covariances, no shared gains, no cached
anything. Tests hold the two together; `batch_weights` is the closed-form solution both must reach.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rung.kernels.learner import layout as at
from rung.kernels.learner.params import HORIZONS, N_WEIGHTS, LearnerParams
from rung.kernels.learner.state import initial_information

Vector = NDArray[np.float64]


@dataclass(slots=True)
class Sample:
    """Scores and intercept, when and at what close, what was predicted, and what came of it."""

    x: Vector
    minute: float
    close: float
    predictions: Vector
    targets: list[float] = field(default_factory=lambda: [math.nan] * len(HORIZONS))


class ReferenceLearner:
    """One symbol. `step` takes a slice; `samples` and `weights` may be looked at."""

    def __init__(self, params: LearnerParams) -> None:
        self.params = params
        self.samples: list[Sample] = []
        self.matured = [0] * len(HORIZONS)
        self.weights = np.zeros((len(HORIZONS), N_WEIGHTS))
        self.covariances = [np.diag(1.0 / initial_information(params)) for _ in HORIZONS]
        self.errors: list[deque[tuple[float, float]]] = [deque(maxlen=at.ERROR_WINDOW) for _ in HORIZONS]
        self.skill_sums = np.zeros((len(HORIZONS), 2))
        self.seen, self.mean, self.variance = np.zeros((3, at.N_FEATURES))
        self.session, self.close = -1.0, 0.0
        self.said = np.zeros(at.N_OUT)
        self.said[at.PROBABILITY] = 0.5

    def step(self, bar: tuple[Vector, float, float] | None, minute: float, length: float, session: float) -> Vector:
        """`bar`: raw features (126,), close, band position; None when the symbol is absent. Answers its results."""
        if session != self.session:
            self._mature(math.inf)
            self.session = session
            self.said[at.VALID] = 0.0
        self._mature(minute - 1.0)
        self.said[at.FRESH] = 0.0
        if bar is None:
            self._mature(minute)
            return self.said.copy()
        features, self.close, band_position = bar
        self._mature(minute)
        x = np.append(self._scores(features), 1.0)
        self._predict(x, band_position)
        if minute + 1.0 + max(HORIZONS) <= length:
            predictions = self.said[at.PREDICTION : at.PREDICTION + len(HORIZONS)].copy()
            self.samples.append(Sample(x, minute, self.close, predictions))
        return self.said.copy()

    def _scores(self, features: Vector) -> Vector:
        finite = np.isfinite(features)
        away = np.where(finite, features, self.mean) - self.mean
        self.seen += finite & ((self.seen > 0.0) | (away != 0.0))
        share = finite * np.maximum(1.0 / self.params.scale_memory_bars, 1.0 / np.maximum(self.seen, 1.0))
        self.mean = self.mean + share * away
        self.variance = (1.0 - share) * (self.variance + share * away * away)
        varies = self.variance > 1e-24 * self.mean * self.mean
        scores = np.zeros(at.N_FEATURES)
        scores[varies] = ((1.0 - share) * away)[varies] / np.sqrt(self.variance[varies])
        return np.clip(scores, -self.params.score_clip, self.params.score_clip)

    def _mature(self, minute: float) -> None:
        for h, horizon in enumerate(HORIZONS):
            while self.matured[h] < len(self.samples) and self.samples[self.matured[h]].minute + horizon <= minute:
                sample = self.samples[self.matured[h]]
                target = sample.targets[h] = self.close / sample.close - 1.0
                self._note(h, sample.predictions[h], target)
                self._learn(h, sample.x, target, leaking=self.matured[h] % N_WEIGHTS)
                self.matured[h] += 1

    def _learn(self, h: int, x: Vector, target: float, leaking: int) -> None:
        """A weighted row x → target after forgetting, then a row √leak·eᵢ → 0 without."""
        forgetting, leak = self.params.ewrls_lambda, self.params.leak
        covariance, weights = self.covariances[h], self.weights[h]
        px = covariance @ x
        gain = px / (forgetting + x @ px)
        covariance = (covariance - np.outer(px, px) / (forgetting + x @ px)) / forgetting
        weights = weights + gain * (target - x @ weights)
        column = covariance[:, leaking].copy()
        share = leak / (1.0 + leak * column[leaking])
        self.covariances[h] = covariance - share * np.outer(column, column)
        self.weights[h] = weights - share * column * weights[leaking]

    def _note(self, h: int, predicted: float, target: float) -> None:
        self.errors[h].append(((target - predicted) ** 2, 0.5 + 0.5 * float(np.sign(target * predicted))))
        decay = 1.0 - 1.0 / self.params.skill_memory_samples
        self.skill_sums[h] = decay * self.skill_sums[h] + [(target - predicted) ** 2, target**2]

    def _predict(self, x: Vector, band_position: float) -> None:
        params, said = self.params, self.said
        guesses = self.weights @ x
        records = np.array([self._record(h) for h in range(len(HORIZONS))])
        said[at.PREDICTION : at.PREDICTION + 3] = guesses
        said[at.RMSE : at.RMSE + 3], said[at.DIRECTION : at.DIRECTION + 3] = records[:, 1], records[:, 2]
        said[at.SKILL : at.SKILL + 3] = records[:, 3]
        weights = np.array(params.horizon_weights) * records[:, 0]
        said[at.CONFIDENCE] = weights.sum()
        shares = weights / weights.sum() if weights.sum() > 0.0 else np.array(params.horizon_weights)
        said[at.ENSEMBLE] = float(shares @ guesses)
        said[at.PROBABILITY] = self._probability(said[at.ENSEMBLE], float(shares @ records[:, 1]), band_position)
        said[at.SAMPLES] = min(self.matured)
        said[at.VALID] = min(self.matured) >= params.warmup_samples
        said[at.FRESH] = 1.0

    def _record(self, h: int) -> tuple[float, float, float, float]:
        """Confidence, RMSE, share of right directions, skill ratio."""
        n = self.matured[h]
        rmse = math.sqrt(sum(e for e, _ in self.errors[h]) / len(self.errors[h])) if n else 0.0
        direction = sum(hit for _, hit in self.errors[h]) / len(self.errors[h]) if n else 0.5
        errors, targets = self.skill_sums[h]
        skill = errors / targets if targets > 0.0 else 1.0
        confidence = 0.1 + n / 20.0 * 0.2 if n < 20 else min(max(0.7 / (1 + 100 * rmse) + 0.3 * direction, 0.10), 0.95)
        confidence *= min(1.0, 0.3 + 0.7 * n / 200.0)
        return confidence * math.exp(-self.params.skill_penalty * max(0.0, skill - 1.0)), rmse, direction, skill

    def _probability(self, prediction: float, rmse: float, band_position: float) -> float:
        params = self.params
        if params.probability_model == "tanh":
            p = 0.5 + 0.4 * math.tanh(50.0 * prediction)
        else:
            p = 0.5 * (1.0 + math.erf(prediction / rmse / math.sqrt(2.0))) if rmse > 0.0 else 0.5
        side = float(np.sign(p - 0.5))
        depth = 0.5 + 0.5 * band_position * side
        if params.enable_bb_amplification and depth < params.bb_proximity_threshold:
            push = min(1.0 - depth / params.bb_proximity_threshold, 1.0) + (0.5 if depth < 0.1 else 0.0)
            p += side * push * params.bb_amplification_factor
        return min(max(p, 0.05), 0.95)


def batch_weights(xs: Vector, targets: Vector, params: LearnerParams, first: int = 0) -> Vector:
    """(127,) minimiser of Σ λ^age·(y − x·w)² + Σ (leaks, first information)·w², solved at once by QR.

    xs : (n, 127) samples in order.   targets : (n,).   first : samples learned before these, by now forgotten.
    """
    n, forgetting = len(xs), params.ewrls_lambda
    ages = np.arange(n - 1, -1, -1)
    information = forgetting**n * initial_information(params)
    np.add.at(information, (first + np.arange(n)) % N_WEIGHTS, params.leak * forgetting ** ages.astype(float))
    roots = forgetting ** (0.5 * ages)
    heard = roots > 1e-16
    rows = np.vstack((xs[heard] * roots[heard, None], np.diag(np.sqrt(information))))
    right = np.concatenate((targets[heard] * roots[heard], np.zeros(N_WEIGHTS)))
    q, r = np.linalg.qr(rows)
    weights: Vector = np.linalg.solve(r, q.T @ right)
    return weights
