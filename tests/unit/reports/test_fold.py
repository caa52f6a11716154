"""RunFold: one pass over the steps, nothing forgotten, nothing invented."""

from __future__ import annotations

import time
from decimal import Decimal
from itertools import islice

import numpy as np
from tests.unit.reports.stream import CAPITAL, SIX, busy_run, folded, small_run

from rung.domain.step import Step
from rung.reports.fold import RunFold


def steps() -> list[Step]:
    return list(small_run())


def test_a_day_holds_one_value_per_slice() -> None:
    first, second = folded(steps()).days
    assert (first.date, second.date) == ("2025-09-15", "2025-09-16")
    for day in (first, second):
        lengths = {len(day.at_ns), len(day.equity_quote), len(day.exposure_frac), len(day.confidence_mean)}
        assert lengths == {40}


def test_equity_is_what_the_account_said() -> None:
    record = folded(steps())
    said = [float(s.account.equity_quote) for s in steps()]
    assert np.concatenate([d.equity_quote for d in record.days]).tolist() == said
    assert record.days[0].start_equity_quote == CAPITAL
    assert record.days[1].end_equity_quote == steps()[-1].account.equity_quote


def test_exposure_counts_shorts_as_size_not_as_debt() -> None:
    by_hand = [
        float(sum((abs(p.value_quote) for p in s.account.positions.values()), Decimal(0)) / s.account.equity_quote)
        for s in steps()
    ]
    assert any(p.quantity < 0 for s in steps() for p in s.account.positions.values())
    assert np.allclose(np.concatenate([d.exposure_frac for d in folded(steps()).days]), by_hand, rtol=1e-12)


def test_beliefs_are_means_and_maxima_and_strength_counts_only_the_ranked() -> None:
    day, step = folded(steps()).days[0], steps()[7]
    confidences = [s.confidence for s in step.signals]
    assert day.confidence_mean[7] == sum(confidences) / 2
    assert day.confidence_max[7] == max(confidences)
    assert (day.strength_mean[7], day.strength_max[7]) == (0.05, 0.05)


def test_a_slice_without_signals_has_no_belief() -> None:
    silent = [Step(**{f: getattr(s, f) for f in Step.__slots__} | {"signals": ()}) for s in steps()]
    day = folded(silent).days[0]
    assert np.isnan(day.confidence_mean).all()
    assert np.isnan(day.strength_max).all()


def test_a_missing_bar_leaves_a_hole_in_the_candles_and_moves_none() -> None:
    holed = []
    for step in islice(small_run(), 40):
        bars = dict(step.event.bars)
        if step.seq in (3, 4):
            del bars["BBB"]
        event = type(step.event)(at_ns=step.event.at_ns, session=step.event.session, bars=bars)
        holed.append(Step(**{f: getattr(step, f) for f in Step.__slots__} | {"event": event, "fills": ()}))
    candles = folded(holed).days[0].candles
    assert len(candles["AAA"].open_ns) == 40
    kept = [s.event.bars["BBB"] for s in holed if "BBB" in s.event.bars]
    assert candles["BBB"].open_ns.tolist() == [b.open_ns for b in kept]
    assert candles["BBB"].low.tolist() == [b.low for b in kept]


def test_refused_orders_and_their_violations_are_counted_apart() -> None:
    first, second = folded(steps()).days
    assert (first.refused_orders, dict(first.refused)) == (
        1,
        {"open_positions_exceeded": 1, "per_symbol_notional_exceeded": 1},
    )
    assert (second.refused_orders, dict(second.refused)) == (1, {"too_close_to_session_end": 1})


def test_notes_reach_the_day_they_were_made_on() -> None:
    first, second = folded(steps()).days
    assert first.notes == ()
    assert second.notes == ("AAA was carried overnight: no bar to fill on",)


def test_asking_for_the_record_changes_nothing() -> None:
    fold, asked = RunFold(), RunFold()
    for step in steps():
        fold.see(step)
        asked.see(step)
        asked.record()
    ours, theirs = fold.record(), asked.record()
    assert ours.dates == theirs.dates
    assert [d.trades for d in ours.days] == [d.trades for d in theirs.days]
    assert [d.legs for d in ours.days] == [d.legs for d in theirs.days]


def test_nothing_seen_is_an_empty_record() -> None:
    assert RunFold().record().days == ()


def test_a_step_costs_microseconds() -> None:
    """A loose bound that only a mistake of kind breaks; docs and benchmarks hold the figure."""
    session = list(islice(busy_run(days=1), 390))
    best = min(_seconds(session) for _ in range(5))
    assert best / 390 < 60e-6
    assert set(folded(session).days[0].candles) == set(SIX)


def _seconds(session: list[Step]) -> float:
    fold, start = RunFold(), time.perf_counter()
    for step in session:
        fold.see(step)
    fold.record()
    return time.perf_counter() - start
