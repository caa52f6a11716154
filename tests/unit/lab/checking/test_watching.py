"""What counts as a difference, and what of a strategy is looked at."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rung.lab import Strategy, SymbolView, Wish, param, sma, std
from rung.lab.checking.watching import Row, Watch, first_difference, same, same_wishes

WISH = (("BTC", 0.95, 0.02, None, "up"),)
ROW = Row(60, (("BTC:mean", "BTC:side"), (100.0, 1)), WISH, (), ())


def test_rows_that_say_the_same_do_not_differ_and_rounding_is_no_difference() -> None:
    assert first_difference(ROW, Row(*ROW)) is None
    assert first_difference(ROW, ROW._replace(values=(ROW.values[0], (100.0 * (1 + 1e-12), 1)))) is None
    found = first_difference(ROW, ROW._replace(values=(ROW.values[0], (100.0 * (1 + 1e-8), 1))))
    assert found is not None
    assert (found.kind, found.name) == ("value", "BTC:mean")


def test_the_earliest_link_of_the_chain_is_told_first() -> None:
    """A value before the wish it makes, a wish before its order, an order before its fill."""
    other: dict[str, Any] = {
        "fills": (("BTC", "BUY", 1.0, 100.0),),
        "orders": (("BTC", "ENTER_LONG", "BUY", 1.0, "approved"),),
        "wishes": (("BTC", 0.5, 0.02, None, "up"),),
        "values": (ROW.values[0], (101.0, 1)),
    }
    changed = ROW
    for field, kind in zip(other, ("fill", "order", "wish", "value"), strict=True):
        changed = changed._replace(**{field: other[field]})
        found = first_difference(ROW, changed)
        assert found is not None
        assert found.kind == kind


def test_a_value_that_is_missing_on_one_side_is_no_difference_but_nothing_against_a_number_is() -> None:
    assert first_difference(ROW, ROW._replace(values=(("BTC:mean",), (100.0,)))) is None
    found = first_difference(ROW, ROW._replace(values=(ROW.values[0], (None, 1))))
    assert found is not None
    assert (found.was, found.now) == ("100", "nothing")


@pytest.mark.parametrize(("was", "now"), [(1.0, None), ("a", "b"), (1, 2), (0.0, 1e-9), (None, 0.0)])
def test_other_values_are_not_the_same(was: Any, now: Any) -> None:
    assert not same(was, now)


def test_wishes_are_the_same_whatever_their_words() -> None:
    assert same_wishes(ROW, ROW._replace(wishes=(("BTC", 0.95, 0.02, None, "because"),)))
    assert not same_wishes(ROW, ROW._replace(wishes=()))


class Shows(Strategy):
    period = param(3, low=2, high=9)

    def start(self) -> None:
        self.mean = sma(self.period)
        self.many = {"a": std(2), "b": std(2)}
        self.pair = (1.5, 2)
        self.history = [1.0, 2.0]
        self.whole = np.arange(5.0)
        self.single = np.float64(7.0)
        self._private = math.nan

    def decide(self, view: SymbolView) -> Wish | None:
        self.mean(view.bar.close)
        return self.long("up", weight=0.5, stop=0.02)


def test_indicators_collections_of_them_and_plain_numbers_are_seen_arrays_histories_and_parameters_are_not() -> None:
    strategy, watch = Shows(), Watch()
    strategy.start()
    watch(strategy, SimpleNamespace(symbol="BTC", bar=SimpleNamespace(close=10.0)))
    step: Any = SimpleNamespace(event=SimpleNamespace(at_ns=60, bars={}), at_ns=60, fills=(), verdicts=())
    row = watch.row(step)
    assert dict(zip(*row.values, strict=True)) == {
        "BTC:mean": None,
        "BTC:many[a]": None,
        "BTC:many[b]": None,
        "BTC:pair[0]": 1.5,
        "BTC:pair[1]": 2,
        "BTC:single": 7.0,
        "BTC:_private": None,
    }
    assert row.wishes == (("BTC", 0.5, 0.02, None, "up"),)
    assert watch.row(step).wishes == ()


def test_a_fill_in_a_bar_that_had_begun_before_its_decision_is_early() -> None:
    watch = Watch()

    def step(at_ns: int, open_ns: int, fills: tuple[Any, ...], verdicts: tuple[Any, ...]) -> Any:
        bars = {"BTC": SimpleNamespace(open_ns=open_ns)}
        event = SimpleNamespace(at_ns=at_ns, bars=bars)
        return SimpleNamespace(event=event, at_ns=at_ns, fills=fills, verdicts=verdicts)

    def named(value: str) -> Any:
        return SimpleNamespace(value=value)

    order = SimpleNamespace(
        order_id="1", at_ns=120, symbol="BTC", action=named("ENTER_LONG"), side=named("BUY"), quantity=1
    )
    fill = SimpleNamespace(order_id="1", symbol="BTC", side=named("BUY"), quantity=1, price=10)
    watch.row(step(120, 60, (), (SimpleNamespace(order=order),)))
    watch.row(step(180, 120, (fill,), ()))
    assert watch.early == []
    watch.row(step(180, 119, (fill,), ()))
    assert watch.early == [(180, "BTC")]
