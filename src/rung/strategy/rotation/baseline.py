"""The same rules on shuffled signals: what the rotation earns when its timing knows nothing.

Each session's predictions are dealt back to its minutes in random order. What a symbol is predicted over a day, and how
symbols compare within a minute, stays; when it was said is lost. A run that does not beat these is luck or cost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from rung.domain.slice import Slice
from rung.strategy.rotation.signals import Prediction, Predictor

Recording = Mapping[str, Sequence[Sequence[Prediction]]]
"""Session date → one row of predictions per slice, in time order."""


class Permutes(Protocol):
    """The one thing needed of a seeded generator (numpy's has it)."""

    def permutation(self, x: int, /) -> Iterable[int]: ...


class RecordingPredictor:
    """Passes another predictor through and keeps what it said."""

    def __init__(self, inner: Predictor) -> None:
        self.symbols = inner.symbols
        self.recording: dict[str, list[Sequence[Prediction]]] = {}
        self._inner = inner

    def predict(self, event: Slice) -> Sequence[Prediction]:
        row = self._inner.predict(event)
        self.recording.setdefault(event.session.date, []).append(row)
        return row


class ShuffledPredictor:
    """Says what was recorded, at the wrong minutes of the right session."""

    def __init__(self, symbols: tuple[str, ...], recording: Recording, chance: Permutes) -> None:
        self.symbols = symbols
        self._dealt = {date: [rows[i] for i in chance.permutation(len(rows))] for date, rows in recording.items()}
        self._next = dict.fromkeys(recording, 0)

    def predict(self, event: Slice) -> Sequence[Prediction]:
        """The next dealt row of the slice's session. Raises KeyError on a session that was not recorded."""
        date = event.session.date
        position = self._next[date]
        self._next[date] = position + 1
        return self._dealt[date][position]
