"""Tuning: found on folds, judged on days never shown, resumed where it stopped."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from rung.domain.errors import UserError
from rung.lab.campaign import Inline, Outcome, Payload
from rung.lab.optimising import open_book
from rung.lab.subject import Subject
from rung.lab.tuning import TunePlan, parts, tune

DATES = tuple(f"2025-{month:02d}-{day:02d}" for month in (3, 4) for day in range(1, 29))
AXES = {"a": tuple(range(8)), "b": tuple(range(8))}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()


def earned(seen: list[tuple[str, str]], payload: Payload) -> Outcome:
    """Best at a = 5, b = 2, with a ripple so that there is a ratio."""
    seen.append((payload["start"], payload["end"]))
    first, last = (DATES.index(payload[end]) for end in ("start", "end"))
    a, b = payload["values"]["a"], payload["values"]["b"]
    mean = 0.01 - 0.001 * ((a - 5) ** 2 + (b - 2) ** 2)
    returns = [mean + 0.002 * ((day * 7) % 5 - 2) for day in range(first, last + 1)]
    return {"dates": list(DATES[first : last + 1]), "returns": returns, "trades": returns}


def made_up(seen: list[tuple[str, str]]) -> Subject:
    return Subject(
        name="made_up", code_id="c", work=partial(earned, seen), fixed={}, defaults={"a": 0, "b": 0}, symbols=("X",),
        tape_ids={"X": "t"}, dates=DATES, periods_per_year=365, session_minutes=1440, interval_minutes=1.0,
        synthetic=True,
    )  # fmt: skip


def plan(trials: int = 12, out: str = "out") -> TunePlan:
    return TunePlan(trials=trials, train_days=5, test_days=5, holdout_days=20, out=Path(out))


def values(tried: Sequence[object]) -> list[object]:
    return [(each.number, each.values, each.sharpe) for each in tried]  # type: ignore[attr-defined]


def test_folds_end_before_the_days_held_out() -> None:
    folds, holdout = parts(made_up([]), replace(plan(), embargo_days=2))
    assert holdout == (DATES[-20], DATES[-1])
    assert folds[-1][1] < DATES[-22]
    assert folds[0][0] == DATES[7]


def test_too_few_days_says_how_many_are_needed() -> None:
    with pytest.raises(UserError, match=r"56 days are too few: 60 are needed \(10 for one fold, 50 held out\)"):
        parts(made_up([]), replace(plan(), holdout_days=50))


def test_the_days_held_out_are_run_only_when_the_search_has_ended() -> None:
    seen: list[tuple[str, str]] = []
    result = tune(made_up(seen), AXES, plan(), open_book(), Inline())
    first = next(n for n, (_, end) in enumerate(seen) if end >= result.holdout[0])
    assert set(seen[first:]) == {result.holdout}
    assert all(end < result.holdout[0] for _, end in seen[:first])
    assert len(result.tried) == 12


def test_the_winner_is_the_best_on_the_folds_and_better_than_chance_finds() -> None:
    result = tune(made_up([]), AXES, plan(40), open_book(), Inline())
    ratios = [each.sharpe for each in result.tried if each.sharpe is not None]
    assert result.winner.sharpe == max(ratios)
    by_chance = [abs(each.values["a"] - 5) + abs(each.values["b"] - 2) for each in result.tried[:10]]
    guided = [abs(each.values["a"] - 5) + abs(each.values["b"] - 2) for each in result.tried[20:]]
    assert np.mean(guided) < np.mean(by_chance)
    assert result.default_sharpe is not None
    assert result.winner.sharpe > result.default_sharpe


def test_trials_are_counted_by_the_book_and_a_second_search_is_a_second_look() -> None:
    book = open_book()
    result = tune(made_up([]), AXES, plan(), book, Inline())
    distinct = {tuple(each.values.items()) for each in result.tried}
    assert result.trials == len(distinct)
    assert result.looks == 1
    Path("other").mkdir()
    again = tune(made_up([]), AXES, replace(plan(16, "other"), seed=8), book, Inline())
    assert again.looks == 2
    assert again.trials > result.trials


def test_the_same_seed_asks_the_same_and_another_seed_does_not() -> None:
    Path("second").mkdir()
    Path("third").mkdir()
    book = open_book()
    one = tune(made_up([]), AXES, plan(), book, Inline())
    same = tune(made_up([]), AXES, plan(out="second"), book, Inline())
    other = tune(made_up([]), AXES, replace(plan(out="third"), seed=8), book, Inline())
    assert values(one.tried) == values(same.tried)
    assert values(one.tried) != values(other.tried)


def test_a_search_that_was_broken_off_asks_what_it_would_have_asked() -> None:
    Path("whole").mkdir()
    whole = tune(made_up([]), AXES, plan(20, "whole"), open_book(), Inline())
    count = 0

    def breaking(payload: Payload) -> Outcome:
        nonlocal count
        count += 1
        if count > 50:
            raise KeyboardInterrupt
        return earned([], payload)

    with pytest.raises(KeyboardInterrupt):
        tune(replace(made_up([]), work=breaking), AXES, plan(20), open_book(), Inline())
    seen: list[tuple[str, str]] = []
    resumed = tune(made_up(seen), AXES, plan(20), open_book(), Inline())
    assert values(resumed.tried) == values(whole.tried)
    assert resumed.winner == whole.winner
    assert len(seen) < 20 * len(whole.folds)


def test_a_folder_with_another_search_is_refused() -> None:
    tune(made_up([]), AXES, plan(4), open_book(), Inline())
    with pytest.raises(UserError, match="holds another search"):
        tune(made_up([]), {"a": (1, 2)}, plan(4), open_book(), Inline())


def test_a_set_that_never_trades_counts_as_zero_and_beats_losers() -> None:
    def flat_or_loss(payload: Payload) -> Outcome:
        outcome = dict(earned([], payload))
        outcome["returns"] = [0.0 if payload["values"]["a"] == 1 else -abs(r) for r in outcome["returns"]]
        return outcome

    subject = replace(made_up([]), work=flat_or_loss)
    result = tune(subject, {"a": (0, 1)}, plan(8), open_book(), Inline())
    assert result.winner.values == {"a": 1}
    assert result.winner.sharpe is None


def test_nothing_to_search_is_refused() -> None:
    with pytest.raises(UserError, match="an empty grid"):
        tune(made_up([]), {}, plan(), open_book(), Inline())


def test_without_optuna_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError, match=r"needs the library optuna — .* -e '\.\[lab\]'"):
        tune(made_up([]), AXES, plan(), open_book(), Inline())
