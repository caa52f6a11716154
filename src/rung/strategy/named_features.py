"""The 126 features of the registry by name, streaming, for authored strategies.

`self.rsi = feature("rsi_14")` in `start`, `self.rsi(view)` in `decide`. The compiled step is imported when the first
one is made. Names, formulas and warm-ups: docs/concepts/features.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches

import numpy as np

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.session import Session
from rung.kernels.features.registry import N_FEATURES, REGISTRY
from rung.strategy.authoring import SymbolView

_PLACES = {spec.name: place for place, spec in enumerate(REGISTRY)}


class features:  # noqa: N801 - indicators are written like the functions they are to their users
    """Several features of one symbol from one compiled step per bar; NaN before each one's warm-up.

    Call it once for every bar. Raises ValueError for a name that is not in the registry.
    """

    __slots__ = ("_bar", "_clock", "_count", "_date", "_out", "_places", "_state", "_step", "_warmups", "values")

    def __init__(self, *names: str) -> None:
        from rung.kernels.features.step import feature_step, new_state

        self._places = tuple(_place(name) for name in names)
        self._warmups = tuple(REGISTRY[place].warmup_bars for place in self._places)
        self._step = feature_step
        self._state = new_state(1)[0]
        self._bar, self._clock, self._out = np.zeros(5), np.zeros(4), np.zeros(N_FEATURES)
        self._date = ""
        self._count = 0
        self.values: tuple[float, ...] = (math.nan,) * len(names)

    def __call__(self, view: SymbolView) -> Sequence[float]:
        """The features as of the view's bar, in the order they were named."""
        bar, session = view.bar, view.session
        opens = session.date != self._date
        if opens:
            self._open(session)
        self._bar[:] = (bar.open, bar.high, bar.low, bar.close, bar.volume)
        self._clock[0] = (bar.open_ns - session.open_ns) // NS_PER_MINUTE
        self._step(self._state, self._bar, self._clock, opens, self._out)
        self._count += 1
        out, count = self._out, self._count
        self.values = tuple(
            float(out[place]) if count >= warmup else math.nan
            for place, warmup in zip(self._places, self._warmups, strict=True)
        )
        return self.values

    def _open(self, session: Session) -> None:
        self._date = session.date
        day = date.fromisoformat(session.date)
        self._clock[1:4] = (session.length_minutes, day.weekday(), day.day)


class feature:  # noqa: N801
    """One feature of one symbol; NaN before its warm-up."""

    __slots__ = ("_all",)

    def __init__(self, name: str) -> None:
        self._all = features(name)

    def __call__(self, view: SymbolView) -> float:
        """The feature as of the view's bar."""
        return self._all(view)[0]

    @property
    def value(self) -> float:
        """The last answer again."""
        return self._all.values[0]


def _place(name: str) -> int:
    if name in _PLACES:
        return _PLACES[name]
    likely = get_close_matches(name, _PLACES, n=1)
    raise ValueError(f"there is no feature {name!r}" + (f": did you mean {likely[0]!r}?" if likely else ""))
