"""Shuffled signals keep what was said and lose when it was said."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.strategy.rotation.baseline import RecordingPredictor, ShuffledPredictor
from rung.strategy.rotation.signals import Prediction


class Counting:
    """A predictor whose n-th answer is recognisable."""

    symbols = ("AAA",)

    def __init__(self) -> None:
        self._n = 0

    def predict(self, event: Slice) -> Sequence[Prediction]:
        self._n += 1
        return (Prediction(self._n / 1000, 0.5, True),)


def slices(date: str, minutes: int) -> list[Slice]:
    session = Session(date=date, open_ns=0, close_ns=minutes * NS_PER_MINUTE)
    return [Slice(at_ns=(m + 1) * NS_PER_MINUTE, session=session, bars={}) for m in range(minutes)]


def test_every_session_keeps_its_own_predictions_in_another_order() -> None:
    recorder = RecordingPredictor(Counting())
    days = [slices("2025-09-15", 60), slices("2025-09-16", 60)]
    said = [[recorder.predict(e) for e in day] for day in days]
    shuffled = ShuffledPredictor(("AAA",), recorder.recording, np.random.default_rng(7))
    for day, original in zip(days, said, strict=True):
        dealt = [shuffled.predict(e) for e in day]
        assert dealt != original
        assert sorted(dealt) == sorted(original)


def test_the_same_seed_deals_the_same_order() -> None:
    recorder = RecordingPredictor(Counting())
    day = slices("2025-09-15", 60)
    for event in day:
        recorder.predict(event)
    first, second = (ShuffledPredictor(("AAA",), recorder.recording, np.random.default_rng(7)) for _ in range(2))
    assert [first.predict(e) for e in day] == [second.predict(e) for e in day]
