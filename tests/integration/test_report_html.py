"""The page in a real browser: drawn, quiet, readable by day and by night, on a desk and on a telephone, offline."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.integration.browser import Shown, chromium, show
from tests.unit.reports.stream import SIX, about, busy_run, folded

from rung.reports.page.shell import plotly_file_name
from rung.reports.write import write_reports

CHARTS = {"equity", "daily", "candles", "beliefs", "exposure", "costs", "baselines"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sessions of six symbols."""
    folder = tmp_path_factory.mktemp("page")
    return write_reports(folded(busy_run(days=3)), about(SIX, synthetic=True), folder).html


@pytest.fixture(scope="module")
def desk(browser: Browser, report: Path) -> Shown:
    """The page on a desk by day. Opened once: its script takes seconds to load on a busy machine."""
    return show(browser, report, width=1280, scheme="light")


@pytest.fixture(scope="module")
def telephone(browser: Browser, report: Path) -> Shown:
    """The page on a telephone by night."""
    return show(browser, report, width=390, scheme="dark")


@pytest.mark.parametrize("device", ["desk", "telephone"])
def test_every_chart_is_drawn_without_a_complaint(request: pytest.FixtureRequest, tmp_path: Path, device: str) -> None:
    page, complaints = request.getfixturevalue(device)
    drawn = page.evaluate("[...document.querySelectorAll('.chart:has(.main-svg)')].map(chart => chart.id)")
    assert (set(drawn), complaints) == (CHARTS, [])
    assert page.evaluate("document.documentElement.dataset.errors") is None
    assert page.evaluate("document.documentElement.scrollWidth") == page.viewport_size["width"]
    shot = tmp_path / "page.png"
    page.screenshot(path=shot, full_page=True)
    assert shot.stat().st_size > 100_000


def test_night_is_dark_and_day_is_light(desk: Shown, telephone: Shown) -> None:
    red = "Number(getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0])"
    assert telephone.page.evaluate(red) < 40 < 215 < desk.page.evaluate(red)


def test_the_charts_change_their_ink_when_evening_comes(desk: Shown) -> None:
    stroke = "getComputedStyle(document.querySelector('#equity .scatterlayer path.js-line')).stroke"
    by_day = desk.page.evaluate(stroke)
    desk.page.emulate_media(color_scheme="dark")
    desk.page.wait_for_function(f"{stroke} !== {by_day!r}")
    desk.page.emulate_media(color_scheme="light")
    desk.page.wait_for_function(f"{stroke} === {by_day!r}")


def test_choosing_a_symbol_and_a_session_redraws_their_candles(desk: Shown) -> None:
    page = desk.page
    for symbol in ("UVXY", "TQQQ"):
        page.select_option("#symbol", symbol)
        page.select_option("#day", "0")
        note = page.inner_text("#candle-note")
        assert f"in {symbol} on 2025-09-15; 1-minute candles" in note
        fills = int(note.split()[0])
        assert fills > 4
        assert page.evaluate("document.querySelectorAll('#candles .scatterlayer .point').length") == fills
        assert page.evaluate("document.querySelectorAll('#candles .boxlayer path.box').length") == 390
    assert desk.complaints == []


def test_synthetic_is_said_aloud_and_the_verdict_is_no(desk: Shown) -> None:
    assert "DO NOT GO LIVE" in desk.page.inner_text("#verdict")
    assert "SYNTHETIC DATA" in desk.page.inner_text("[role=alert]")
    assert desk.page.title().startswith("SYNTHETIC")


def test_without_its_script_the_page_says_what_is_missing(browser: Browser, report: Path, tmp_path: Path) -> None:
    alone = tmp_path / "report.html"
    shutil.copy(report, alone)
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(alone.as_uri())
    assert "need the file plotly" in page.inner_text(".missing >> nth=0")
    assert "DO NOT GO LIVE" in page.inner_text("#verdict")
    assert plotly_file_name() in alone.read_text("utf-8")
    context.close()
