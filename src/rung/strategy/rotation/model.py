"""Slice → predictions: the compiled features and learner, one call per slice for all symbols."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import cast

import numpy as np
from numpy.typing import NDArray

from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.kernels import ensemble
from rung.kernels.learner import layout as at
from rung.kernels.learner.params import HORIZONS, LearnerParams
from rung.kernels.learner.state import pack_params
from rung.strategy.rotation.signals import Prediction


class OnlineEnsemble:
    """A Predictor with one learner per symbol; no symbol sees another.

    Everything it knows is one float64 array, so `state` and `restore` save and continue it bit for bit.
    Timing: `predict` uses the bars of the slice and targets matured by then, nothing later.
    """

    def __init__(self, symbols: tuple[str, ...], params: LearnerParams) -> None:
        self.symbols = symbols
        self._params = pack_params(params)
        self._state = ensemble.new_ensemble_state(len(symbols), params)
        self._bars = np.zeros((len(symbols), 5))
        self._present = np.zeros(len(symbols), dtype=np.bool_)
        self._clock = np.zeros(ensemble.CLOCK_SIZE)
        self._out = np.zeros((len(symbols), ensemble.N_OUT))
        self._session = ""
        # views: writing single numbers through numpy takes five times as long
        self._cells = cast("memoryview[float]", self._bars.reshape(-1).data)
        self._seen = cast("memoryview[bool]", self._present.data)

    def predict(self, event: Slice) -> Sequence[Prediction]:
        """Learn what has matured, predict from the newest bar; a silent symbol repeats its last prediction."""
        self._read(event)
        ensemble.ensemble_step(self._state, self._bars, self._present, self._clock, self._params, self._out)
        return [Prediction(row[at.PROBABILITY], row[at.CONFIDENCE], row[at.VALID] > 0.5) for row in self._out.tolist()]

    def state(self) -> NDArray[np.float64]:
        """A copy of everything learned, (n_symbols, STATE_SIZE)."""
        return self._state.copy()

    def restore(self, state: NDArray[np.float64]) -> None:
        """Continue from a saved state. Raises ValueError when it is of another shape."""
        if state.shape != self._state.shape:
            raise ValueError(f"a state of shape {state.shape} does not fit {self._state.shape}")
        self._state[:] = state

    def results(self) -> NDArray[np.float64]:
        """(n_symbols, N_OUT): the newest results, columns as named in `rung.kernels.learner.layout`."""
        return self._out.copy()

    def skill(self) -> list[tuple[str, int, int, float, float]]:
        """(symbol, horizon, samples, out-of-sample MSE ÷ target variance, share of right directions) so far."""
        return [
            (
                symbol,
                horizon,
                int(row[at.SAMPLES]),
                float(row[at.SKILL + n]),
                float(row[at.DIRECTION + n]),
            )
            for symbol, row in zip(self.symbols, self._out, strict=True)
            for n, horizon in enumerate(HORIZONS)
        ]

    def _read(self, event: Slice) -> None:
        if event.session.date != self._session:
            self._open(event.session)
        self._clock[0] = event.session.minutes_since_open(event.at_ns) - 1
        bars, cells, seen = event.bars, self._cells, self._seen
        for n, symbol in enumerate(self.symbols):
            bar = bars.get(symbol)
            seen[n] = bar is not None
            if bar is not None:
                at_cell = 5 * n
                cells[at_cell], cells[at_cell + 1], cells[at_cell + 2] = bar.open, bar.high, bar.low
                cells[at_cell + 3], cells[at_cell + 4] = bar.close, bar.volume

    def _open(self, session: Session) -> None:
        self._session = session.date
        day = date.fromisoformat(session.date)
        self._clock[1:5] = (session.length_minutes, day.weekday(), day.day, day.toordinal())
