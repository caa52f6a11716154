"""The numbers under the charts: small, true, and valid for plotly."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.unit.reports.stream import SIX, about, busy_run, folded, small_run

from rung.reports.judgement import judge
from rung.reports.metrics import measure
from rung.reports.page import drawing as drawn
from rung.reports.page.drawing import drawing
from rung.reports.page.html import render_html
from rung.reports.record import RunRecord


def numbers(record: RunRecord, **other: object) -> dict[str, Any]:
    info = about(SIX, **other)
    metrics = measure(record, info.baselines, np.random.default_rng(7))
    return json.loads(msgspec.json.encode(drawing(record, metrics, info)))


def page(record: RunRecord, **other: object) -> str:
    info = about(**other)
    metrics = measure(record, info.baselines, np.random.default_rng(7))
    return render_html(record, metrics, judge(metrics, info), info).decode()


def test_one_minute_candles_are_the_bars() -> None:
    record = folded(small_run())
    plain = numbers(record)
    assert plain["candleMinutes"] == 1
    t, opened, high, low, closed = plain["days"][0]["candles"]["AAA"]
    bars = record.days[0].candles["AAA"]
    assert t == list(range(40))
    assert [opened, high, low, closed] == [
        [round(v, 4) for v in column.tolist()] for column in (bars.open, bars.high, bars.low, bars.close)
    ]


def test_wider_candles_open_first_close_last_and_span_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "MAX_CANDLES", 40)
    plain = numbers(folded(small_run()))
    assert plain["candleMinutes"] == 5
    fine = folded(small_run()).days[1].candles["BBB"]
    t, opened, high, low, closed = plain["days"][1]["candles"]["BBB"]
    assert t == list(range(0, 40, 5))
    assert opened == [round(v, 4) for v in fine.open[::5].tolist()]
    assert closed == [round(v, 4) for v in fine.close[4::5].tolist()]
    assert high == [round(v, 4) for v in fine.high.reshape(-1, 5).max(axis=1).tolist()]
    assert low == [round(v, 4) for v in fine.low.reshape(-1, 5).min(axis=1).tolist()]


def test_a_thinned_curve_keeps_the_last_equity_and_the_deepest_fall(monkeypatch: pytest.MonkeyPatch) -> None:
    record = folded(small_run())
    whole = numbers(record)["curve"]
    monkeypatch.setattr(drawn, "MAX_CURVE_POINTS", 20)
    thin = numbers(record)["curve"]
    assert len(thin["equity"]) == 2 * 8
    assert thin["starts"] == [0, 8]
    assert thin["equity"][-1] == whole["equity"][-1]
    assert min(thin["fall"]) == min(whole["fall"])


def test_every_fill_is_marked_and_every_exit_is_joined_to_its_entry() -> None:
    day = numbers(folded(small_run()))["days"][0]
    assert sum(len(rows) for rows in day["legs"].values()) == 7
    assert [[row[0], row[2]] for row in day["bridges"]["AAA"]] == [[3, 7], [3, 10]]
    (short,) = [row for row in day["legs"]["BBB"] if row[2] == 1 and row[3] == 0]
    assert short[4] == 200


def test_slices_without_a_ranked_signal_leave_a_gap_in_the_line() -> None:
    day = numbers(folded(busy_run(days=1, bars=60)))["days"][0]
    assert len(day["strength"][0]) == len(day["t"]) == 60
    assert None not in day["confidence"][0]


def test_the_session_opens_on_the_clock_of_the_exchange() -> None:
    assert numbers(folded(small_run()))["days"][0]["opens"] == 9 * 60 + 30
    assert numbers(folded(small_run()), time_zone="UTC")["days"][0]["opens"] == 13 * 60 + 30


def test_fifteen_days_of_six_symbols_stay_far_below_eight_megabytes() -> None:
    assert len(page(folded(busy_run(days=15)))) < 2_500_000


def test_the_page_asks_nobody_for_anything() -> None:
    """No address in it leads to a network, and no script but plotly's own file beside it is loaded."""
    text = page(folded(small_run()))
    assert "http://" not in text
    assert "https://" not in text
    assert text.count("<script src=") == 1


def test_words_from_outside_cannot_become_markup() -> None:
    evil = "</script><img src=x onerror=alert(1)>"
    text = page(folded(small_run()), strategy_name=evil, warnings=(evil,), command=evil)
    assert evil not in text
    assert "<img" not in text


def test_synthetic_data_is_called_so_in_title_and_banner() -> None:
    text = page(folded(small_run()), synthetic=True)
    assert "<title>SYNTHETIC " in text
    assert "SYNTHETIC DATA: an invented market" in text
    assert "SYNTHETIC" not in page(folded(small_run())).split("<script")[0]
