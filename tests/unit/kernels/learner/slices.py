"""Slices for the learner's tests: made from a seed or read from the real data, and what any learner says of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.unit.kernels.features.tapes import Tape, made, real

from rung.kernels.ensemble import N_OUT, ensemble_batch, ensemble_step, new_ensemble_state
from rung.kernels.features.step import feature_step, new_state
from rung.kernels.features.volatility import BOLLINGER_POSITION_20
from rung.kernels.learner import layout as at
from rung.kernels.learner.params import N_WEIGHTS, LearnerParams
from rung.kernels.learner.reference import ReferenceLearner
from rung.kernels.learner.state import pack_params

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Slices:
    """bars (t, n, 5), NaN where absent; present (t, n); clocks (t, 5)."""

    bars: Array
    present: NDArray[np.bool_]
    clocks: Array

    def __getitem__(self, rows: slice) -> Slices:
        return Slices(self.bars[rows], self.present[rows], self.clocks[rows])

    def symbol(self, i: int) -> Slices:
        """Contiguous, so that the compiled call is the same one."""
        return Slices(
            np.ascontiguousarray(self.bars[:, i : i + 1]),
            np.ascontiguousarray(self.present[:, i : i + 1]),
            self.clocks,
        )

    def then(self, later: Slices) -> Slices:
        """Joined end to end; the later sessions get ordinals of their own."""
        clocks = later.clocks + np.array([0.0, 0.0, 0.0, 0.0, self.clocks[-1, 4] + 1.0 - later.clocks[0, 4]])
        return Slices(
            np.concatenate([self.bars, later.bars]),
            np.concatenate([self.present, later.present]),
            np.concatenate([self.clocks, clocks]),
        )


def aligned(tapes: list[Tape]) -> Slices:
    """One row per minute that any of the tapes has; tapes of the same calendar."""
    ordinals = [np.cumsum(tape.opens) for tape in tapes]
    keys = [o * 10_000.0 + tape.clocks[:, 0] for o, tape in zip(ordinals, tapes, strict=True)]
    every, first = np.unique(np.concatenate(keys), return_index=True)
    clocks = np.column_stack(
        [np.concatenate([tape.clocks for tape in tapes])[first], np.concatenate(ordinals)[first].astype(np.float64)]
    )
    bars = np.full((len(every), len(tapes), 5), np.nan)
    for i, (key, tape) in enumerate(zip(keys, tapes, strict=True)):
        bars[np.searchsorted(every, key), i] = tape.bars
    return Slices(bars, np.isfinite(bars[:, :, 3]), clocks)


def made_slices(seed: int, symbols: int = 2, sessions: int = 3, minutes: int = 120, missing: float = 0.1) -> Slices:
    return aligned([made(seed + i, sessions, minutes, missing=missing) for i in range(symbols)])


def real_slices(real_data: Path, *symbols: str, since: int = 0) -> Slices:
    """Whole tapes from session number `since` of the first symbol on (0: all); all must have every session."""
    tapes = [real(real_data, symbol) for symbol in symbols]
    sessions = min(int(tape.opens.sum()) for tape in tapes) if since == 0 else since
    return aligned([tape[slice(tape.starts[-sessions], None)] for tape in tapes])


def run(slices: Slices, params: LearnerParams, state: Array | None = None) -> Array:
    """(t, n, N_OUT) of the compiled ensemble, from the given state or from nothing."""
    rows = new_ensemble_state(slices.present.shape[1], params) if state is None else state
    out = np.full((*slices.present.shape, N_OUT), np.nan)
    ensemble_batch(rows, slices.bars, slices.present, slices.clocks, pack_params(params), out)
    return out


def run_reference(slices: Slices, params: LearnerParams) -> tuple[Array, ReferenceLearner]:
    """(t, N_OUT) of the slow twin on the first symbol; the columns of the covariance stay 0."""
    learner, features, raw = ReferenceLearner(params), new_state(1)[0], np.zeros(at.N_FEATURES)
    out, session = np.zeros((len(slices.clocks), N_OUT)), -1.0
    for t, clock in enumerate(slices.clocks):
        bar = None
        if slices.present[t, 0]:
            feature_step(features, slices.bars[t, 0], clock, bool(clock[4] != session), raw)
            session = clock[4]
            bar = (raw.copy(), float(slices.bars[t, 0, 3]), float(raw[BOLLINGER_POSITION_20]))
        out[t] = learner.step(bar, clock[0], clock[1], clock[4])
    return out, learner


@dataclass(slots=True)
class Diary:
    """What the compiled learner of the first symbol took in: scores and the row of the tape they came from."""

    state: Array
    first: int  # samples it had learned before
    xs: list[Array] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def matured(self, h: int) -> int:
        return int(self.state[0, at.MATURED + h]) - self.first

    def weights(self, h: int) -> Array:
        start = at.WEIGHTS + h * at.WIDTH
        return self.state[0, start : start + N_WEIGHTS].copy()


def follow(slices: Slices, params: LearnerParams, state: Array | None = None) -> Diary:
    """Step by step, noting every sample the covariance takes."""
    packed, out = pack_params(params), np.zeros((1, N_OUT))
    rows = new_ensemble_state(1, params) if state is None else state
    diary = Diary(rows, int(rows[0, at.APPENDED]))
    for t, clock in enumerate(slices.clocks):
        before = rows[0, at.APPENDED]
        ensemble_step(rows, slices.bars[t, :1], slices.present[t, :1], clock, packed, out)
        if rows[0, at.APPENDED] > before:
            diary.xs.append(rows[0, at.X : at.X + N_WEIGHTS].copy())
            diary.rows.append(t)
    return diary
