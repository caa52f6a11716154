"""Every backtest is counted, before it runs, and once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rung.config.shipped import config_file
from rung.domain.clock import ManualClock
from rung.domain.errors import UserError
from rung.lab import backtest, invented_tapes
from rung.lab.backtesting import run_backtest
from rung.lab.bench import BacktestRequest
from rung.lab.costs import load_costs
from rung.lab.result import BacktestResult
from rung.lab.statistics.trials import Tally, TrialBook
from rung.lab.strategy_subject import dearer
from rung.lab.trial_count import DEFAULT_BOOK, Counting, book_at, seen_by

TAPES = invented_tapes("COINUSDT", days=4)


def run(book: TrialBook, **settings: object) -> BacktestResult:
    request = BacktestRequest(strategy="crossover", data=TAPES, settings=settings)
    return run_backtest(request, counting=Counting(book, ManualClock(7)))


def test_the_nth_configuration_knows_that_it_is_the_nth(tmp_path: Path) -> None:
    book = book_at(tmp_path / "made" / "trials.sqlite")
    results = [run(book, period=period) for period in (30, 60, 60, 90)]
    tried = [result.tried for result in results if result.tried is not None]
    assert [(t.tally.count, t.new) for t in tried] == [(1, True), (2, True), (2, False), (3, True)]
    assert "the 3rd try on these days or some of them under this name, whatever the file" in results[-1].honesty


def test_the_book_is_told_the_daily_ratio_of_every_trial(tmp_path: Path) -> None:
    book = book_at(tmp_path / "trials.sqlite")
    results = [run(book, period=period) for period in (30, 90)]
    wanted = [r.figures.performance.sharpe.moments.ratio for r in results if r.figures.performance.sharpe]
    tried = results[-1].tried
    assert tried is not None
    assert sorted(tried.tally.ratios) == pytest.approx(sorted(wanted))


def test_a_run_that_breaks_off_has_been_counted(tmp_path: Path) -> None:
    book = book_at(tmp_path / "trials.sqlite")

    class Stop(Exception):
        pass

    class Impatient:
        def see(self, step: object) -> None:
            raise Stop

    request = BacktestRequest(strategy="crossover", data=TAPES)
    with pytest.raises(Stop):
        run_backtest(request, observers=[Impatient()], counting=Counting(book, ManualClock()))
    assert book.tally("crossover").count == 1


def test_python_counts_as_the_command_line_does_unless_told_not_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert backtest("crossover", data=TAPES, book=None).tried is None
    assert not DEFAULT_BOOK.exists()
    tried = backtest("crossover", data=TAPES).tried
    assert tried is not None
    assert book_at(DEFAULT_BOOK).tally("crossover").count == tried.tally.count == 1


def test_a_shorter_period_of_the_same_days_is_another_try(tmp_path: Path) -> None:
    """Choosing between four days and two of them is a look at those two."""
    book = book_at(tmp_path / "trials.sqlite")
    counting = Counting(book, ManualClock(7))
    counts = []
    for start, end in (("2025-03-01", "2025-03-04"), ("2025-03-01", "2025-03-02"), ("2025-03-03", "2025-03-04")):
        request = BacktestRequest(strategy="crossover", data=TAPES, start=start, end=end)
        tried = run_backtest(request, counting=counting).tried
        assert tried is not None
        counts.append(tried.tally.count)
    assert counts == [1, 2, 2]


def test_other_costs_are_the_same_choice_and_their_figures_the_newest(tmp_path: Path) -> None:
    book = book_at(tmp_path / "trials.sqlite")
    shipped = load_costs(config_file("costs_crypto.toml")).value
    results = [
        run_backtest(
            BacktestRequest(strategy="crossover", data=TAPES, costs=costs), counting=Counting(book, ManualClock(7))
        )
        for costs in (shipped, dearer(shipped, 3.0))
    ]
    ratios = [r.figures.performance.sharpe.moments.ratio for r in results if r.figures.performance.sharpe]
    assert ratios[0] > ratios[1]
    assert book.tally("crossover") == Tally(count=1, ratios=(pytest.approx(ratios[1]),))


def test_other_tapes_and_other_periods_are_other_bars() -> None:
    identity = backtest("crossover", data=TAPES, book=None).identity
    same = replace(identity, parameters={}, costs_id="other")
    shorter = replace(identity, end="2025-03-02")
    other = replace(identity, tape_ids={"COINUSDT": "0" * 64})
    assert seen_by(same) == seen_by(identity)
    assert len({seen_by(i) for i in (identity, shorter, other)}) == 3


def test_without_a_place_for_the_book_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    with pytest.raises(UserError, match="no place for the trial book"):
        book_at(tmp_path / "file" / "trials.sqlite")


IDEA = """
from rung.lab import Strategy

class Idea(Strategy):
    # {remark}
    def decide(self, view):
        {line}
        return self.long("x", stop=0.02)
"""


def test_a_copy_of_a_file_goes_on_counting_and_the_title_says_which_file_it_was(tmp_path: Path) -> None:
    book = Counting(book_at(tmp_path / "trials.sqlite"), ManualClock(7))
    for n, name in enumerate(("first.py", "second.py"), 1):
        (tmp_path / name).write_text(IDEA.format(remark=name, line="pass"), "utf-8")
        result = run_backtest(BacktestRequest(strategy=tmp_path / name, data=TAPES), counting=book)
        assert result.tried is not None
        assert result.tried.tally.count == n
        assert result.identity.named.endswith(f"{name})")
    assert "the 2nd try on these days or some of them under this name, whatever the file" in result.honesty


def test_a_run_that_died_of_its_own_mistake_was_no_look_until_one_has_shown_something(tmp_path: Path) -> None:
    book = book_at(tmp_path / "trials.sqlite")
    counting, file = Counting(book, ManualClock(7)), tmp_path / "idea.py"
    file.write_text(IDEA.format(remark="dies", line="if view.minute == 700: 1 / 0"), "utf-8")
    with pytest.raises(UserError, match="ZeroDivisionError"):
        run_backtest(BacktestRequest(strategy=file, data=TAPES), counting=counting)
    assert book.tally("idea").count == 0
    file.write_text(IDEA.format(remark="mended", line="pass"), "utf-8")
    tried = run_backtest(BacktestRequest(strategy=file, data=TAPES), counting=counting).tried
    assert tried is not None
    assert tried.tally.count == 1
