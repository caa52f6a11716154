"""Streamed runs inside `backtest`: taken where they can be, the desk's result, blamed as there."""

from __future__ import annotations

from math import log
from pathlib import Path
from typing import Any

import pytest
from tests.unit.lab.test_backtesting import FREE, tape
from tests.unit.lab.test_perpetuals import history, wide

from rung.domain.errors import UserError
from rung.lab import Strategy, SymbolView, Wish, backtest, invented_tapes
from rung.lab.backtesting import on_the_desk, run_on
from rung.lab.bench import BacktestRequest, prepare
from rung.lab.streaming import streamed
from rung.strategy.authoring import Portfolio

TAPES = invented_tapes(days=1)


class Once(Strategy):
    """Long from the first bar on."""

    weight = 0.9

    def decide(self, view: SymbolView) -> Wish | None:
        return self.long("in", stop=0.2)


@pytest.fixture
def engines(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which engine was begun, in order."""
    found: list[str] = []

    def fast(*given: Any) -> Any:
        found.append("streamed")
        return streamed(*given)

    def desk(*given: Any) -> Any:
        found.append("desk")
        return on_the_desk(*given)

    monkeypatch.setattr("rung.lab.backtesting.streamed", fast)
    monkeypatch.setattr("rung.lab.backtesting.on_the_desk", desk)
    return found


def test_a_backtest_of_one_symbol_is_streamed_unless_the_desk_is_asked_for(engines: list[str]) -> None:
    fast = backtest(Once, data=TAPES, book=None)
    slow = backtest(Once, data=TAPES, book=None, desk_only=True)
    assert engines == ["streamed", "desk"]
    assert fast.figures == slow.figures
    assert fast.equity.equals(slow.equity)


def test_whoever_wants_to_see_every_step_gets_the_desk(engines: list[str]) -> None:
    class Counter:
        steps = 0

        def see(self, step: object) -> None:
            self.steps += 1

    counter = Counter()
    run_on(prepare(BacktestRequest(strategy=Once, data=TAPES, cache=None)), observers=[counter])
    assert (engines, counter.steps) == (["desk"], len(TAPES[0]))


def test_a_liquidation_is_the_venues_and_said(engines: list[str], tmp_path: Path) -> None:
    class Reckless(Once):
        weight = 8.0

        def decide(self, view: SymbolView) -> Wish | None:
            log(view.equity)  # of nothing less than what is left
            return super().decide(view)

    costs = tmp_path / "free.toml"
    costs.write_text(FREE, encoding="utf-8")
    fall = [100.0, 100.0, 100.0, 95.0, 90.0, 86.0, 85.0, 85.0, 85.0]
    options: dict[str, Any] = {
        "data": [tape(fall)], "funding": {"BTCUSDT": history()}, "costs": costs, "limits": wide(), "book": None
    }  # fmt: skip
    fast, slow = backtest(Reckless, **options), backtest(Reckless, desk_only=True, **options)
    assert engines == ["streamed", "desk"]
    assert fast.figures.liquidations >= 1
    assert fast.notes == slow.notes
    assert fast.figures == slow.figures


def test_a_view_cannot_be_written_to() -> None:
    class Vandal(Strategy):
        def decide(self, view: Any) -> None:
            view.side = 1

    for desk_only in (False, True):
        with pytest.raises(UserError, match="side"):
            backtest(Vandal, data=TAPES, book=None, desk_only=desk_only)


def test_a_mistake_is_told_with_its_line_and_the_instant() -> None:
    class Broken(Strategy):
        def decide(self, view: SymbolView) -> Wish | None:
            return self.long("in", stop=0.2) if view.minute < 30 else [][0]

    with pytest.raises(UserError, match=r"IndexError.*decide of TEST at 2025-03-01 00:30 UTC") as caught:
        backtest(Broken, data=TAPES, book=None)
    assert "test_streamed_backtests.py:" in str(caught.value)


def test_an_answer_that_is_no_wish_is_refused() -> None:
    class Wrong(Strategy):
        def decide(self, view: SymbolView) -> Any:
            return 1

    with pytest.raises(UserError, match=r"Wrong\.decide answered 1, which is not a decision"):
        backtest(Wrong, data=TAPES, book=None)


def test_progress_is_told_day_by_day() -> None:
    told: list[tuple[str, int, int]] = []
    tapes = invented_tapes(days=2)
    run_on(prepare(BacktestRequest(strategy=Once, data=tapes, cache=None)), lambda *words: told.append(words))
    assert told == [("replaying 2025-03-01", 1440, 2880), ("replaying 2025-03-02", 2880, 2880)]


def test_a_portfolio_goes_to_the_desk(engines: list[str]) -> None:
    class Book(Portfolio):
        def decide(self, view: Any) -> Any:
            return [self.long("TEST", "in", weight=0.5, stop=0.2)]

    assert backtest(Book, data=TAPES, book=None).figures.sent_orders > 0
    assert engines == ["desk"]
