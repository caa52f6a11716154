"""Where the tape is cut, and how the first bar that knows too much is found.

One run whose tape differs from bar c + 1 on tests every decision up to c: none of them may change. A decision that
looks k bars ahead shows itself at the cuts c, c − 1, … of the k bars from its own on, so a cut right after a bar is
the sharpest question about that bar.

- A tape of at most `SHORT_BARS` bars, or `every` = 1: a cut after every bar. Nothing is left out, and cuts come in
  order, so the first that shows anything shows the first bar that leaks.
- Longer ones: the first `FIRST_BARS` bars one by one, then `SPREAD` cuts, one in each equal stretch at a place that
  wanders through it by the golden ratio: a leak that depends on the minute's place in a five-minute bar cannot hide
  behind a stride of whole five minutes. Behind the first cut that shows something the first bar is found by halving;
  each question there is asked at up to `TRIES` neighbouring bars before the answer is no. A strategy may peep now and
  then only, and halving then jumps over an earlier bar: so when no more than `SCAN_BARS` bars are left before it, every
  one of them is asked, and the bar is exact. Otherwise it is the first that is known, and `exact` is False.
- `every` = N: one cut in every stretch of N bars, at places that wander as well, then as above.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, Protocol, TypeVar

SHORT_BARS = 120
FIRST_BARS = 6
SPREAD = 16
TRIES = 6
SCAN_BARS = 400
_GOLDEN = 0.6180339887498949


class Placed(Protocol):
    """A difference that knows the bar it was found at."""

    @property
    def bar(self) -> int: ...


Shown = TypeVar("Shown", bound=Placed)


def cut_places(bars: int, every: int | None = None) -> tuple[int, ...]:
    """The bars after which the tape is changed, ascending; the last bar has nothing after it.

    every : None chooses as described above. Raises ValueError when `every` is below 1.
    """
    if every is not None and every < 1:
        raise ValueError(f"cuts are at least 1 bar apart, not {every}")
    last = bars - 1
    if every == 1 or (every is None and bars <= SHORT_BARS):
        return tuple(range(last))
    if every is not None:
        return tuple(sorted({*_wandering(0, last, every), last - 1}))
    spread = _wandering(FIRST_BARS, last, (last - FIRST_BARS) / SPREAD)
    return tuple(sorted({*range(FIRST_BARS), *spread, last - 1}))


def _wandering(first: int, stop: int, stretch: float) -> list[int]:
    """One place in each stretch from `first` to `stop`."""
    places = (first + int((n + n * _GOLDEN % 1.0) * stretch) for n in range(math.ceil((stop - first) / stretch)))
    return [place for place in places if place < stop]


class Search(Generic[Shown]):
    """Asks `shows(cut)` — the first difference at or before bar `cut` when everything after it is another, or None.

    No cut is asked twice. exact : no bar before the one found leaks, because every one was asked.
    """

    def __init__(self, shows: Callable[[int], Shown | None]) -> None:
        self._shows = shows
        self._known: dict[int, Shown | None] = {}
        self.exact = False

    @property
    def asked(self) -> int:
        """How many cuts were tried."""
        return len(self._known)

    def first(self, places: Sequence[int]) -> Iterator[Shown | None]:
        """Walks through the cuts, yielding after each what is known of the first leak so far; the last one is it."""
        before = 0
        for place in places:
            found = self._ask(place)
            yield found
            if found is not None:
                yield from self._narrowed(before, found)
                return
            before = place + 1

    def _narrowed(self, low: int, found: Shown) -> Iterator[Shown]:
        while found.bar > max(low, SCAN_BARS):
            low, found = self._halved(low, found)
            yield found
        if found.bar > SCAN_BARS:
            self.exact = all(cut in self._known for cut in range(found.bar))
            return
        for cut in range(found.bar):
            earlier = self._ask(cut)
            yield earlier or found
            if earlier is not None:
                found = earlier
                break
        self.exact = True

    def _halved(self, low: int, found: Shown) -> tuple[int, Shown]:
        """One question in the middle of [low, found.bar): what is known afterwards."""
        middle = (low + found.bar) // 2
        for cut in range(middle, max(low, middle - TRIES + 1) - 1, -1):
            earlier = self._ask(cut)
            if earlier is not None:
                return min(low, earlier.bar), earlier
        return middle + 1, found

    def _ask(self, cut: int) -> Shown | None:
        if cut not in self._known:
            self._known[cut] = self._shows(cut)
        return self._known[cut]
