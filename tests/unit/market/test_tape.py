"""A tape keeps its promises: ordered time, possible prices, read-only columns, an id that follows the content."""

from __future__ import annotations

import numpy as np
import pytest
from tests.unit.market.made import OPEN_NS, changed, joined, raw_bars, tape

from rung.domain.clock import NS_PER_MINUTE
from rung.market.tape import COLUMNS, Label, find_flaw, make_tape


def test_the_columns_of_a_tape_cannot_be_written() -> None:
    made = tape()
    for name in ("open_ns", *COLUMNS):
        with pytest.raises(ValueError, match="read-only"):
            getattr(made, name)[0] = 1


def test_making_a_tape_leaves_the_callers_arrays_writable() -> None:
    raw = raw_bars(5)
    tape(raw=raw)
    raw.close[0] = 1.0
    assert raw.close[0] == 1.0


def test_equal_bars_have_equal_ids_and_any_change_shows() -> None:
    raw = raw_bars(30)
    same = tape(raw=raw).content_id
    assert tape(raw=raw_bars(30)).content_id == same
    for name in COLUMNS:
        assert tape(raw=changed(raw, 17, {name: 49.0})).content_id != same
    assert tape("SQQQ", raw).content_id != same
    assert tape(raw=raw.shifted(NS_PER_MINUTE)).content_id != same
    assert tape(raw=raw, interval_ns=5 * NS_PER_MINUTE).content_id != same


def test_a_label_that_is_no_bar_does_not_change_the_id() -> None:
    raw = raw_bars(3)
    labels = [
        Label(symbol="A", interval_ns=1, source="x"),
        Label(symbol="A", interval_ns=1, source="y", synthetic=True, notes=("n",)),
    ]
    assert len({make_tape(raw, label).content_id for label in labels}) == 1


def test_rows_holds_only_bars_that_lie_whole_in_the_period() -> None:
    made = tape(raw=raw_bars(10))
    assert made.rows(OPEN_NS, OPEN_NS + 10 * NS_PER_MINUTE) == slice(0, 10)
    assert made.rows(OPEN_NS + 1, OPEN_NS + 10 * NS_PER_MINUTE - 1) == slice(1, 9)
    assert made.rows(OPEN_NS - 5, OPEN_NS) == slice(0, 0)
    assert made.rows(OPEN_NS + NS_PER_MINUTE, OPEN_NS) == slice(1, 1)


def test_sound_bars_have_no_flaw() -> None:
    assert find_flaw(raw_bars(390)) is None


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("close", float("nan"), "is not a number"),
        ("open", -3.0, "is -3, and a price cannot be"),
        ("low", 0.0, "is 0, and a price cannot be"),
        ("high", float("inf"), "is infinite"),
        ("volume", -1.0, "is -1, and a volume cannot be"),
        ("volume", float("nan"), "is not a number"),
    ],
)
def test_an_impossible_value_is_a_flaw_with_row_and_column(column: str, value: float, said: str) -> None:
    flaw = find_flaw(changed(raw_bars(30), 12, {column: value}))
    assert flaw is not None
    assert (flaw.row, flaw.column, flaw.what) == (12, column, said)


def test_a_volume_of_zero_is_no_flaw() -> None:
    assert find_flaw(changed(raw_bars(30), 12, {"volume": 0.0})) is None


def test_time_that_stands_or_goes_back_is_a_flaw() -> None:
    twice = find_flaw(joined(raw_bars(5), raw_bars(np.array([4, 5]))))
    assert twice is not None
    assert (twice.row, twice.column, twice.what) == (5, "time", "repeats the time of the bar before")
    back = find_flaw(joined(raw_bars(5), raw_bars(np.array([2, 6]))))
    assert back is not None
    assert (back.row, back.what) == (5, "goes back in time")


def test_the_earliest_flaw_is_told() -> None:
    raw = changed(changed(raw_bars(30), 20, {"open": -1.0}), 7, {"volume": -1.0})
    flaw = find_flaw(raw)
    assert flaw is not None
    assert flaw.row == 7
