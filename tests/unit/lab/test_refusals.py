"""Refused orders: what to do about them is said aloud, with the place where to do it."""

from __future__ import annotations

from pathlib import Path

from rung.lab import BookView, Portfolio, Strategy, SymbolView, Wish, backtest, invented_tapes
from rung.lab.refusals import SAY_AGAIN
from rung.market.tape import Tape

TAPES = invented_tapes(days=1)


class Bare(Strategy):
    """Never says a stop."""

    def decide(self, view: SymbolView) -> Wish | None:
        return self.long("x")


class Far(Strategy):
    """Says a stop that the limits refuse."""

    def decide(self, view: SymbolView) -> Wish | None:
        return self.long("x", stop=0.9)


class Switch(Portfolio):
    """Holds A, then B; says each wish once or every bar."""

    often = False

    def decide(self, view: BookView) -> list[Wish]:
        if view.minute == 60:
            return [self.long("A", "first", weight=0.9, stop=0.05)]
        if view.minute == 600 or (self.often and view.minute > 600):
            return [self.flat("A", "leave"), self.long("B", "second", weight=0.9, stop=0.05)]
        return []


class Stays(Switch):
    """Says the wish until it is fulfilled."""

    often = True


def two() -> list[Tape]:
    return [tape for n, name in enumerate("AB") for tape in invented_tapes(name, days=1, seed=n)]


def test_a_missing_stop_names_the_stop_to_add_and_the_line_of_decide() -> None:
    result = backtest(Bare, data=TAPES, book=None)
    assert result.figures.refused_orders > 1_000
    assert list(result.figures.refused) == ["missing_stop_loss"]
    assert "add stop=0.02" in result.advice
    line = Bare.decide.__code__.co_firstlineno
    assert f"{Path(__file__).name}:{line}" in result.advice
    assert result.advice in repr(result).replace("\n           ", " ")


def test_another_single_reason_names_what_the_gate_said_and_the_file_of_the_limits() -> None:
    result = backtest(Far, data=TAPES, book=None)
    assert "invalid stop loss" in result.advice
    assert "stop of TEST at 90" in result.advice
    assert "backtest.toml" in result.advice


def test_nothing_is_advised_where_nothing_was_refused() -> None:
    result = backtest("crossover", data=TAPES, book=None)
    assert result.figures.trades > 0
    assert (result.figures.refused_orders, result.advice) == (0, "")


def test_a_portfolio_that_says_its_switch_once_loses_the_leg_and_is_told_to_say_it_again() -> None:
    once = backtest(Switch, data=two(), book=None)
    assert set(once.fills["symbol"]) == {"A"}
    assert once.advice == SAY_AGAIN
    assert set(backtest(Stays, data=two(), book=None).fills["symbol"]) == {"A", "B"}
