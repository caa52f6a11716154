"""Where tapes are cut, and what halving finds."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import pytest

from rung.lab.checking.cuts import FIRST_BARS, SCAN_BARS, SHORT_BARS, SPREAD, Search, cut_places


class At(NamedTuple):
    bar: int


def leaking(bars: set[int], ahead: int) -> Search[At]:
    """Those bars look `ahead` bars ahead: the cut shows the first of them that reaches beyond it."""
    return Search(lambda cut: next((At(b) for b in sorted(bars) if b <= cut < b + ahead), None))


def found(search: Search[At], places: tuple[int, ...]) -> At | None:
    return list(search.first(places))[-1]


def test_a_short_tape_is_cut_after_every_bar_but_the_last() -> None:
    assert cut_places(SHORT_BARS) == tuple(range(SHORT_BARS - 1))
    assert cut_places(2) == (0,)


def test_a_long_tape_is_cut_at_its_beginning_its_end_and_in_every_stretch_between() -> None:
    places = cut_places(10_080)
    assert places[:FIRST_BARS] == tuple(range(FIRST_BARS))
    assert places[-1] == 10_078
    gaps = [b - a for a, b in pairwise(places)]
    assert max(gaps) < 2 * 10_080 / SPREAD
    assert len({place % 5 for place in places[FIRST_BARS:]}) == 5


def test_every_says_how_far_cuts_are_apart() -> None:
    assert cut_places(2000, 1) == tuple(range(1999))
    assert cut_places(3, 100) == (0, 1)
    places = cut_places(2000, 50)
    assert [place // 50 for place in places[:-1]] == list(range(40))
    assert len({place % 5 for place in places}) == 5
    with pytest.raises(ValueError, match="at least 1 bar apart, not 0"):
        cut_places(10, 0)


def test_an_honest_strategy_is_asked_once_per_cut() -> None:
    search = leaking(set(), 1)
    places = cut_places(5000)
    assert found(search, places) is None
    assert search.asked == len(places)


def test_a_leak_that_starts_late_is_found_at_its_first_bar() -> None:
    for begin in (0, 1, 17, 59, 60, 399, 400):
        search = leaking(set(range(begin, 5000)), 1)
        assert found(search, cut_places(5000)) == At(begin)
        assert search.exact


def test_halving_is_not_misled_by_bars_that_do_not_leak_in_between() -> None:
    """As a five-minute bar labelled with its start: its last minute knows nothing too early."""
    begin = 1234
    search = leaking({b for b in range(begin, 5000) if b % 5 != 4}, 1)
    assert found(search, cut_places(5000)) == At(1235)


def test_a_bar_found_near_the_start_is_exact_however_rarely_it_peeps() -> None:
    search = leaking({37, 211, 4998}, 1)
    assert found(search, (100, 211)) == At(37)
    assert search.exact


def test_a_rare_leak_far_from_the_start_is_not_called_exact() -> None:
    search = leaking({SCAN_BARS + 50, 4998}, 1)
    assert found(search, cut_places(5000)) == At(4998)
    assert not search.exact


def test_no_cut_is_asked_twice() -> None:
    asked: list[int] = []

    def shows(cut: int) -> At | None:
        asked.append(cut)
        return At(cut) if cut >= 700 else None

    assert found(Search(shows), cut_places(3000)) == At(700)
    assert len(asked) == len(set(asked)) < 200
