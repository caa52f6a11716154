"""One vocabulary for scripts: days, grids and words mean the same to backtest, sweep and walk_forward."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

import rung.lab
from rung.domain.errors import UserError
from rung.lab import CrossPlan, Plan, WalkForwardResult, backtest, invented_tapes, sweep, walk_forward
from rung.lab.options import Options, SweepOptions

TAPES = invented_tapes(days=5)
GRID = {"period": [120, 720], "band": "0.002,0.005"}
PLAN = Plan(train_days=2, test_days=1, select="return")
LATE = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)
SHORT_LINES, SHORT_CHARACTERS = 16, 2_000


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def walked(grid: Any = GRID, **options: Any) -> WalkForwardResult:
    return walk_forward("crossover", grid, PLAN, **{"data": TAPES, **options})


def test_every_name_that_is_exported_is_there_and_described() -> None:
    assert set(rung.lab.__all__) == set(rung.lab._HOMES)
    assert [name for name in rung.lab.__all__ if not getattr(rung.lab, name).__doc__] == []


def test_a_day_is_text_or_a_date_everywhere() -> None:
    day = dt.date(2025, 3, 2)
    for start in (day, day.isoformat()):
        assert backtest("crossover", data=TAPES, start=start, end=day).identity.start == "2025-03-02"
        swept = sweep("crossover", {"period": [20]}, data=TAPES, start=start, end=start)
        assert swept.plan.benches[0].identity.start == "2025-03-02"
        assert walked(start=start).subject.dates == ("2025-03-02", "2025-03-03", "2025-03-04", "2025-03-05")


@pytest.mark.parametrize("day", ["2025-3-2", "yesterday", 20250302, LATE])
@pytest.mark.parametrize(
    "run", [lambda **o: backtest("crossover", **o), lambda **o: sweep("crossover", GRID, **o), walked]
)
def test_anything_else_is_refused_in_words(run: Any, day: Any) -> None:
    with pytest.raises(UserError, match="is not a day"):
        run(data=TAPES, end=day)


@pytest.mark.parametrize(
    "run", [lambda **o: backtest("crossover", **o), lambda **o: sweep("crossover", GRID, **o), walked]
)
def test_a_word_that_nobody_reads_is_refused_with_the_nearest(run: Any) -> None:
    with pytest.raises(UserError, match="no option 'symbol'") as caught:
        run(data=TAPES, symbol="TEST")
    assert "symbols" in caught.value.remedy


def test_the_docstrings_name_every_word() -> None:
    said = backtest.__doc__ or ""
    assert [word for word in Options.__optional_keys__ if f"{word} " not in said and f"{word}," not in said] == []
    said = f"{said} {sweep.__doc__}"
    assert [word for word in SweepOptions.__optional_keys__ - {"fresh", "yes"} if word not in said] == []


def test_a_walk_takes_the_grid_of_a_sweep_and_of_the_command_line() -> None:
    one, other = walked(), walked(["period=120,720", "band=0.002,0.005"])
    assert one.chosen == other.chosen
    assert one.plan.at_ns > 0, "the trial book is told when"


def test_a_walk_answers_frames_which_say_what_it_found() -> None:
    result = walked()
    assert result.windows["window"].to_list() == [1, 2, 3]
    assert result.windows["test_from"].to_list() == ["2025-03-03", "2025-03-04", "2025-03-05"]
    assert result.windows["period"].to_list() == [each.values["period"] for each in result.chosen]
    assert result.days["date"].to_list() == list(result.dates)
    assert result.days["return_frac"].to_list() == result.out_of_sample.tolist()
    assert result.cases["name"].to_list() == [row.name for row in result.monte_carlo]
    assert result.box.sentences[0] in result.honesty
    assert result.lead.sentence in result.honesty


def test_a_search_is_counted_in_the_book_that_was_named(tmp_path: Path) -> None:
    first, again = (walked(book=tmp_path / "own.sqlite") for _ in range(2))
    assert first.trials == again.trials == 4
    assert (tmp_path / "own.sqlite").exists()
    assert not (tmp_path / ".rung").exists()
    with pytest.raises(UserError, match="always counted"):
        walked(book=None)


def test_results_are_short_at_a_prompt_and_name_their_frames() -> None:
    crossed = walk_forward("crossover", GRID, CrossPlan(groups=3, test_groups=1, select="return"), data=TAPES)
    run = backtest("crossover", data=TAPES)
    for result, frame in ((run, "trades"), (sweep("crossover", GRID, data=TAPES), "rows"), (crossed, "path_frame")):
        said = repr(result)
        assert said.count("\n") < SHORT_LINES
        assert len(said) < SHORT_CHARACTERS
        assert max(map(len, said.splitlines())) <= 120
        assert f".{frame} ({getattr(result, frame).height:,} rows)" in said
        assert "TEST" in said
    assert f"{run.figures.total_return_frac:+.2%}" in repr(run)
    assert len(repr(walked())) < SHORT_CHARACTERS
