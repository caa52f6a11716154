"""One sheet in three forms: the same numbers, nothing invented where there is none, no word of a user's as markup."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from html import unescape
from math import inf, nan
from typing import Any

import numpy as np
import pytest
from tests.unit.reports.sheet.made import SURFACE, made, trade

from rung.reports.sheet import drawing
from rung.reports.sheet.content import Curve, Figure, Kind, Sheet, TradeList, written
from rung.reports.sheet.drawing import bins, curve_points, sheet_drawing
from rung.reports.sheet.page import sheet_page
from rung.reports.sheet.plain import sheet_json
from rung.reports.sheet.text import sheet_text

HOSTILE = """</script><script>alert("1")</script><img src=x onerror='alert(2)'>&"""


def page(sheet: Sheet) -> str:
    """Without plotly's script, which has every string in it."""
    whole = sheet_page(sheet).decode()
    plotly = max(re.findall(r"<script>.*?</script>", whole, re.DOTALL), key=len)
    assert len(plotly) > 3_000_000
    return whole.replace(plotly, "")


def strict(sheet: Sheet) -> dict[str, Any]:
    def refuse(word: str) -> None:
        raise AssertionError(f"{word} in JSON")

    return json.loads(sheet_json(sheet), parse_constant=refuse)


# --- figures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.0123, Kind.CHANGE, "+1.23%"),
        (-0.5, Kind.CHANGE, "-50.00%"),
        (0.25, Kind.SHARE, "25.00%"),
        (-0.00149, Kind.SMALL_SHARE, "-0.149%"),
        (1234.5, Kind.RATIO, "1,234.50"),
        (Decimal("-1234.567"), Kind.GAIN, "-1,234.57"),
        (1e-9, Kind.GAIN, "0.00"),
        (1e16, Kind.MONEY, "10,000,000,000,000,000.00"),
        (72_000, Kind.COUNT, "72,000"),
        (34.05, Kind.BARS, "34.0"),
    ],
)
def test_each_kind_of_value_is_written_in_its_way(value: Decimal | float, kind: Kind, text: str) -> None:
    assert written(value, kind) == text


@pytest.mark.parametrize(("value", "missing"), [(None, ""), (1.0, "why"), (nan, ""), (inf, "")])
def test_a_figure_has_a_finite_value_or_a_reason_never_neither_nor_both(value: float | None, missing: str) -> None:
    with pytest.raises(ValueError, match="sharpe"):
        Figure(key="sharpe", label="Sharpe", value=value, kind=Kind.RATIO, missing=missing)


def test_what_is_missing_is_said_with_its_reason_in_all_three_and_is_never_zero() -> None:
    sheet = made()
    assert "profit_factor:                           n/a  no trade lost" in sheet_text(sheet)
    plain = strict(sheet)
    assert plain["figures"]["profit_factor"] is None
    assert plain["missing"] == {
        "profit_factor": "no trade lost", "funding_quote": "not charged", "borrow_quote": "not charged",
    }  # fmt: skip
    assert plain["luck"]["missing"]["out_of_sample"] == {"sharpe": "nothing was kept"}
    shown = page(sheet)
    assert "<td>profit_factor<em>no trade lost</em></td><td>n/a</td>" in shown
    assert "n/a: needs 31 days, has 5" in shown
    assert "n/a: nothing was kept" in shown


def test_the_three_forms_say_the_same_numbers() -> None:
    sheet = made()
    text, plain, shown = sheet_text(sheet), strict(sheet), unescape(page(sheet))
    rows = dict(re.findall(r'<tr data-key="(\w+)"><td>.*?</td><td>(.*?)</td></tr>', shown))
    figures = [figure for group in sheet.groups for figure in group.figures]
    assert len(figures) == 15
    for figure in figures:
        assert rows[figure.key] == figure.text
        assert re.search(rf"^  {figure.label}: +{re.escape(figure.text)}(  |$)", text, re.MULTILINE)
        value = plain["figures"][figure.key]
        assert value is None if figure.value is None else value == pytest.approx(float(figure.value))
    assert plain["figures"]["sharpe_error"] == 0.7
    assert rows["sharpe"] == "1.50 ± 0.70"


# --- words of users ---------------------------------------------------------------------------------------------------


def test_no_word_from_outside_becomes_markup() -> None:
    rows = (trade(why=HOSTILE, symbol=HOSTILE),)
    sheet = made(
        strategy=HOSTILE, origin=HOSTILE, symbols=(HOSTILE,), parameters=((HOSTILE, HOSTILE),), doubts=(HOSTILE,),
        costs=((HOSTILE, HOSTILE),), notes=(HOSTILE,), honest=HOSTILE, currency=HOSTILE, refused={HOSTILE: 1},
        trades=TradeList(rows=rows, count=1, returns_frac=np.array([0.01]), file=HOSTILE),
        surface=replace(SURFACE, x_name=HOSTILE, measure=HOSTILE, x=(HOSTILE, "2")),
        box=replace(made().box, verdict=HOSTILE, sentences=(HOSTILE,), tried=HOSTILE),
        ids=((HOSTILE, HOSTILE),),
    )  # fmt: skip
    shown = page(sheet)
    assert "<img" not in shown
    assert "alert(2)" in shown
    assert shown.count("<script") == shown.count("</script") == 2  # the numbers and the drawing
    assert strict(sheet)["honesty"] == HOSTILE


def test_an_invented_market_is_said_at_the_top_of_all_three() -> None:
    sheet = made(synthetic=True)
    assert "SYNTHETIC DATA" in sheet_text(sheet).splitlines()[3]
    assert strict(sheet)["synthetic"] is True
    shown = page(sheet)
    assert "<title>SYNTHETIC " in shown
    assert 'role="alert">SYNTHETIC DATA' in shown
    assert "SYNTHETIC" not in page(made())


# --- sections ---------------------------------------------------------------------------------------------------------


def test_the_page_asks_nothing_of_anybody() -> None:
    shown = page(made(surface=SURFACE))
    assert re.findall(r'(?:src|href)="([^"]*)"', shown) == ["data:,", "trades.csv"]
    assert "http" not in shown


def test_few_months_are_shown_day_by_day_and_more_as_a_map_of_months() -> None:
    few, many = made(days=5), made(days=70)
    assert [month for month, _ in many.months] == ["2025-01", "2025-02", "2025-03", "2025-04"]
    assert few.months[0][1] == pytest.approx(0.001)
    assert few.months[1][1] == pytest.approx(1.002 * 1.003 * 1.004 - 1)
    assert "Return per day" in page(few)
    assert 'title="3 Feb: +0.40%"' in page(few)
    shown = page(many)
    assert "Return per month" in shown
    assert re.search(r'<th scope="row">2025</th><td style="[^"]*--good[^"]*">\+0\.1</td>', shown)
    assert "2025-02      " in sheet_text(many)


def test_a_calendar_without_weekends_has_five_columns() -> None:
    weekdays = made(daily=(("2025-01-30", 0.01), ("2025-01-31", -0.02), ("2025-02-03", 0.0)))
    assert '<th scope="col">Fri</th></tr>' in page(weekdays)


def test_sections_that_have_nothing_to_show_say_why_or_are_left_out() -> None:
    bare = made(
        trades=TradeList(rows=(), count=0, returns_frac=np.zeros(0), file="trades.csv"), refused={}, doubts=(),
        notes=(), daily=(),
    )  # fmt: skip
    shown = page(bare)
    for words in ("n/a: no trade was closed", "n/a: no day has a return", "The checks found nothing to doubt"):
        assert words in shown
    assert "Refused orders" not in shown
    assert 'id="surface"' not in shown
    assert 'id="returns"' not in shown
    strict(bare)


def test_a_long_list_of_trades_says_how_much_of_it_is_shown() -> None:
    sheet = made(trades=TradeList(rows=(trade(),) * 3, count=1_234, returns_frac=np.array([0.01]), file="trades.csv"))
    assert "the first 3 of 1,234" in page(sheet)


def test_notes_that_repeat_are_told_once() -> None:
    assert "<li>a note (2 times)</li>" in page(made())


def test_a_surface_reaches_the_page_with_its_holes() -> None:
    sheet = made(surface=SURFACE)
    assert sheet_drawing(sheet)["surface"]["values"] == ((1.25, None),)
    assert strict(sheet)["surface"]["values"] == [[1.25, None]]
    assert "sharpe over period and band" in page(sheet)


# --- drawings ---------------------------------------------------------------------------------------------------------


def test_thinning_keeps_the_last_equity_and_the_deepest_fall(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "MAX_POINTS", 3)
    equity = np.array([100.0, 50.0, 100.0, 110.0, 99.0, 121.0, 121.0])
    at_ns = np.arange(7, dtype=np.int64) * 1_000_000
    points = curve_points(Curve(at_ns=at_ns, equity_quote=equity, hold_quote=equity, gross_quote=equity / 2), 100.0)
    assert points["equity"] == [100.0, 121.0, 121.0]
    assert points["fall"] == [-50.0, -10.0, 0.0]
    assert points["exposure"] == [50.0, 50.0, 50.0]
    assert points["t"] == [2, 5, 6]


def test_equity_that_is_gone_has_no_exposure_instead_of_a_nan() -> None:
    gone = np.array([10.0, 0.0])
    points = curve_points(Curve(at_ns=np.array([0, 1]), equity_quote=gone, hold_quote=gone, gross_quote=gone), 10.0)
    assert points["exposure"] == [100.0, 0.0]


@pytest.mark.parametrize("returns", [[0.01], [-0.02, 0.03, 0.0], list(np.linspace(-0.1, 0.2, 997)), [0.0, 0.0]])
def test_every_trade_is_in_one_bar_and_no_bar_mixes_winners_with_losers(returns: list[float]) -> None:
    made_bins = bins(np.array(returns))
    assert sum(made_bins["count"]) == len(returns)
    lows = np.array(made_bins["middle"]) - made_bins["width"] / 2
    highs = lows + made_bins["width"]
    assert not np.any((lows < -1e-6) & (highs > 1e-6))
    assert bins(np.zeros(0)) == {}
