"""The tearsheet in a real browser: drawn, quiet, alone, by day and by night, on a desk and on a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser
from tests.integration.browser import Shown, chromium, show, with_scrollbars

from rung.apps.backtest_files import write_results
from rung.apps.sweep_surface import surface_of
from rung.apps.tearsheet import tearsheet
from rung.lab import backtest, invented_tapes

CHARTS = {"equity", "exposure", "rolling", "costs", "returns", "surface"}
SWEPT = pl.DataFrame(
    {"period": [30, 60, 30, 60], "band": [0.001, 0.001, 0.002, 0.002], "sharpe": [1.0, -2.0, None, 0.5]}
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty-three invented days, in a folder where nothing else of the page is."""
    result = backtest("crossover", data=invented_tapes("COINUSDT", days=33), settings={"every": 60}, book=None)
    surface = surface_of(SWEPT, "period", "band", "sharpe", result.identity.parameters)
    folder = tmp_path_factory.mktemp("sheet")
    write_results(result, tearsheet(result, surface=surface), folder)
    alone = tmp_path_factory.mktemp("sent") / "report.html"
    alone.write_bytes((folder / "report.html").read_bytes())
    return alone


@pytest.fixture(scope="module")
def desk(browser: Browser, report: Path) -> Shown:
    return show(browser, report, width=1400, scheme="light")


@pytest.mark.parametrize(("width", "scheme"), [(1400, "light"), (600, "dark"), (390, "light")])
def test_every_chart_is_drawn_without_a_complaint_and_nothing_sticks_out(
    browser: Browser, report: Path, width: int, scheme: str
) -> None:
    page, complaints = show(browser, report, width=width, scheme=scheme)
    drawn = page.evaluate("[...document.querySelectorAll('.chart:has(.main-svg)')].map(chart => chart.id)")
    assert (set(drawn), complaints) == (CHARTS, [])
    assert page.evaluate("document.documentElement.dataset.errors") is None
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.context.close()


def test_the_trades_sort_by_the_column_that_is_clicked_as_numbers_and_back(desk: Shown) -> None:
    page = desk.page
    column = "[...document.querySelectorAll('#trades tbody tr')].map(row => Number(row.cells[3].dataset.v))"
    as_told = page.evaluate(column)
    assert len(as_told) > 20
    page.click("#trades th:nth-child(4) button")
    assert page.evaluate(column) == sorted(as_told) != as_told
    assert page.get_attribute("#trades th:nth-child(4)", "aria-sort") == "ascending"
    page.click("#trades th:nth-child(4) button")
    assert page.evaluate(column) == sorted(as_told, reverse=True)
    page.click("#trades th:nth-child(1) button")
    assert page.evaluate(column) == as_told


TRADES_SEEN = """last => {
  const box = document.querySelector(".scroll"), row = document.querySelector("#trades tbody tr");
  const column = [...document.querySelectorAll("#trades th")].findIndex(head => head.innerText === last);
  const end = row.cells[column].getBoundingClientRect().right - box.getBoundingClientRect().left;
  return { column, over: end - box.clientWidth,
           right: box.offsetWidth - box.clientWidth, below: box.offsetHeight - box.clientHeight };
}"""


@pytest.mark.parametrize(("width", "last"), [(1400, "Costs"), (600, "Why"), (390, "P&L")])
def test_money_and_reason_of_a_trade_are_seen_and_a_bar_says_that_there_is_more(
    browser: Browser, report: Path, width: int, last: str
) -> None:
    with with_scrollbars(browser) as windowed:
        seen = show(windowed, report, width=width, scheme="light").page.evaluate(TRADES_SEEN, last)
    assert seen["column"] >= 3
    assert seen["over"] <= 0, f"{last} and what stands before it are seen without scrolling"
    assert seen["right"] > 0
    assert (seen["below"] > 0) is (width < 1000)


def test_an_invented_market_and_a_single_run_are_said_aloud(desk: Shown) -> None:
    assert desk.page.inner_text("#verdict") == "in sample only: no verdict"
    assert "SYNTHETIC DATA" in desk.page.inner_text("[role=alert]")
    assert "nobody counted what else was tried" in desk.page.inner_text("main")
    assert "everything here is in sample" in desk.page.inner_text("main")
