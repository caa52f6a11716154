"""Wishes become targets: asked once, not again while they stand or are on their way; mistakes name their line."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from tests.unit.strategy.made import view

from rung.domain.errors import UserError
from rung.domain.target import Action, Protection, Target
from rung.strategy.authoring import BookView, Portfolio, Strategy, SymbolView, Wish
from rung.strategy.port import Strategy as Port
from rung.strategy.running import running
from rung.strategy.stat_arb import StatArb

BTC = ("BTCUSDT",)


class Says(Strategy):
    """Answers what the test puts into `says`."""

    says: Any = None

    def decide(self, view: SymbolView) -> Wish | None:
        said = type(self).says
        answer: Wish | None = said(self, view) if callable(said) else said
        return answer


def run(says: Any, most_weight: float = 1.0) -> Port:
    return running(type("Says", (Says,), {"says": staticmethod(says), "__module__": __name__}), BTC, {}, most_weight)


def one(targets: Sequence[Target]) -> Target:
    (target,) = targets
    return target


@pytest.mark.parametrize("kind", [np.float32, np.float64, Decimal])
def test_a_level_may_be_any_kind_of_number_and_is_a_plain_one_from_then_on(kind: Any) -> None:
    runs = run(lambda self, seen: self.long("x", stop=kind("0.25"), trail_by=kind("1.5")))
    guards = one(runs.decide(view(1))).protection
    assert guards == Protection(stop_frac=0.25, trail_quote=1.5)
    assert guards is not None
    assert {type(guards.stop_frac), type(guards.trail_quote)} == {float}


def test_a_wish_becomes_one_target_with_its_reason_and_its_stop() -> None:
    target = one(run(lambda s, v: s.long("rose", weight=0.5, stop=0.02, target=0.04)).decide(view(1)))
    assert (target.symbol, target.action, target.weight, target.reason) == ("BTCUSDT", Action.ENTER_LONG, 0.5, "rose")
    assert target.protection == Protection(stop_frac=0.02, take_profit_frac=0.04)
    assert target.at_ns == view(1).slice.at_ns


def test_a_short_is_a_negative_weight_and_the_default_leaves_room_for_costs() -> None:
    target = one(run(lambda s, v: s.short("fell", stop=0.02)).decide(view(1)))
    assert (target.action, target.weight) == (Action.ENTER_SHORT, -0.95)


def test_the_same_wish_again_asks_for_nothing_while_it_works_or_is_held() -> None:
    port = run(lambda s, v: s.long("rose", stop=0.02))
    assert len(port.decide(view(1))) == 1
    assert not port.decide(view(2, working=BTC))
    assert not port.decide(view(3, held={"BTCUSDT": "2"}))


def test_a_wish_that_was_refused_is_asked_again() -> None:
    port = run(lambda s, v: s.long("rose", stop=0.02))
    assert one(port.decide(view(1))).weight == one(port.decide(view(2))).weight == 0.95


def test_a_position_that_its_stop_closed_is_opened_again_while_the_wish_stands() -> None:
    port = run(lambda s, v: s.long("rose", stop=0.02))
    port.decide(view(1))
    assert not port.decide(view(2, held={"BTCUSDT": "2"}))
    assert one(port.decide(view(3))).action is Action.ENTER_LONG


def test_an_opposite_wish_flips_and_is_repeated_until_the_side_has_changed() -> None:
    port = run(lambda s, v: s.short("fell", stop=0.02))
    assert one(port.decide(view(1, held={"BTCUSDT": "2"}))).weight == -0.95
    assert not port.decide(view(2, held={"BTCUSDT": "2"}, working=BTC))
    assert one(port.decide(view(3, held={"BTCUSDT": "2"}))).weight == -0.95
    assert not port.decide(view(4, held={"BTCUSDT": "-2"}))


def test_another_weight_resizes_and_another_stop_only_protects() -> None:
    port = run(lambda s, v: s.long("rose", weight=0.5 if v.minute < 3 else 0.8, stop=0.02 if v.minute < 5 else 0.01))
    port.decide(view(1))
    assert not port.decide(view(2, held={"BTCUSDT": "1"}))
    assert one(port.decide(view(3, held={"BTCUSDT": "1"}))).weight == 0.8
    kept = one(port.decide(view(5, held={"BTCUSDT": "2"})))
    assert (kept.action, kept.weight, kept.protection) == (Action.HOLD, None, Protection(stop_frac=0.01))
    assert not port.decide(view(6, held={"BTCUSDT": "2"}))


def test_a_trailing_distance_that_changes_is_told_every_bar_while_something_is_held() -> None:
    port = run(lambda s, v: s.long("rides", stop=0.02, trail_by=2.0 + v.minute))
    assert one(port.decide(view(1))).protection == Protection(stop_frac=0.02, trail_quote=3.0)
    assert not port.decide(view(2, working=BTC))
    growing = one(port.decide(view(3, held={"BTCUSDT": "1"}, working=BTC)))
    assert (growing.action, growing.weight) == (Action.GUARD, None)
    assert growing.protection == Protection(stop_frac=0.02, trail_quote=5.0)
    held = one(port.decide(view(4, held={"BTCUSDT": "2"})))
    assert (held.action, held.weight, held.protection) == (
        Action.HOLD,
        None,
        Protection(stop_frac=0.02, trail_quote=6.0),
    )


def test_a_trailing_fraction_is_told_once_because_the_venue_follows_by_itself() -> None:
    port = run(lambda s, v: s.short("sinks", trail=0.03))
    assert one(port.decide(view(1))).protection == Protection(trail_frac=0.03)
    assert not port.decide(view(2, held={"BTCUSDT": "-2"}))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"trail": 0.0}, "trail = 0.0 is not a fraction of the best close above 0"),
        ({"trail_by": math.nan}, "trail_by = nan is not a distance in the price's currency above 0"),
        ({"trail": 0.01, "trail_by": 2.0}, "by a fraction (trail) or by a distance (trail_by), not by both"),
    ],
)
def test_a_trail_that_is_no_distance_is_told_with_the_authors_line(asked: dict[str, float], said: str) -> None:
    with pytest.raises(UserError) as told:
        run(lambda s, v: s.long("rides", **asked)).decide(view(1))
    assert said in told.value.what


def test_flat_leaves_once_and_withdraws_an_opening_that_still_works() -> None:
    port = run(lambda s, v: s.long("rose", stop=0.02) if v.minute == 1 else s.flat("enough"))
    port.decide(view(1))
    assert one(port.decide(view(2, working=BTC))).action is Action.EXIT
    assert not port.decide(view(3))
    left = one(port.decide(view(4, held={"BTCUSDT": "2"})))
    assert (left.action, left.weight, left.reason) == (Action.EXIT, 0.0, "enough")
    assert not port.decide(view(5, held={"BTCUSDT": "2"}, working=BTC))


def test_none_leaves_everything_alone_and_a_missing_bar_asks_nobody() -> None:
    asked: list[int] = []
    port = run(lambda s, v: asked.append(v.minute))
    assert not port.decide(view(1))
    assert not port.decide(view(2, {"ETHUSDT": 5.0}))
    assert asked == [1]


def test_every_symbol_has_its_own_state() -> None:
    class Counts(Strategy):
        def start(self) -> None:
            self.seen: list[float] = []

        def decide(self, view: SymbolView) -> Wish | None:
            self.seen.append(view.bar.close)
            return self.long(f"{sum(self.seen):g}", stop=0.02)

    port = running(Counts, ("BTCUSDT", "ETHUSDT"), {})
    port.decide(view(1, {"BTCUSDT": 100.0, "ETHUSDT": 5.0}))
    targets = port.decide(view(2, {"BTCUSDT": 100.0, "ETHUSDT": 5.0}))
    assert [(t.symbol, t.reason) for t in targets] == [("BTCUSDT", "200"), ("ETHUSDT", "10")]


def test_the_view_tells_side_gain_minute_and_equity() -> None:
    seen: list[tuple[object, ...]] = []
    port = run(lambda s, v: seen.append((v.side, v.gain_frac, v.minute, v.minutes_to_close, v.equity)))
    port.decide(view(15))
    port.decide(view(16, held={"BTCUSDT": "-2"}))
    assert seen == [(0, 0.0, 15, 1425, 1000.0), (-1, 0.0, 16, 1424, 1000.0)]


@pytest.mark.parametrize(
    ("says", "words"),
    [
        (lambda s, v: s.long("x", weight=math.nan), "weight of nan"),
        (lambda s, v: s.long("x", weight=1.5), "weight of 1.5 is not within 0 and 1, the leverage allowed"),
        (lambda s, v: s.short("x", weight=0.0), "weight of 0.0"),
        (lambda s, v: s.long("x", weight=-0.5), "weight of -0.5 is negative: say long or short"),
        (lambda s, v: sys.exit(0), "SystemExit"),
        (lambda s, v: s.long("x", stop=math.nan), "stop = nan"),
        (lambda s, v: s.long("x", stop=0.0), "stop = 0.0"),
        (lambda s, v: s.long("x", stop=0.02, target=-1.0), "target = -1.0"),
        (lambda s, v: v.nothing_of_the_kind, "AttributeError"),
        (lambda s, v: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_a_mistake_in_decide_names_file_line_symbol_and_time(says: Any, words: str) -> None:
    with pytest.raises(UserError, match=rf"test_running\.py:\d+: .*{words}.*in Says.decide of BTCUSDT at 2025-05-10"):
        run(says).decide(view(1))


def test_more_weight_is_allowed_where_the_limits_allow_it() -> None:
    assert one(run(lambda s, v: s.long("x", weight=1.5), most_weight=3.0).decide(view(1))).weight == 1.5


@pytest.mark.parametrize("answer", ["long", 1.0, True, ("long",)])
def test_an_answer_that_is_no_decision_is_refused_with_the_line_of_decide(answer: object) -> None:
    with pytest.raises(UserError, match=r"test_running\.py:\d+: Says\.decide answered .*which is not a decision"):
        run(lambda s, v: answer).decide(view(1))


def test_a_decide_that_takes_no_view_is_refused_before_anything_runs() -> None:
    class Wrong(Strategy):
        def decide(self) -> Wish | None:  # type: ignore[override]
            return None

    with pytest.raises(UserError, match=r"test_running\.py:\d+: Wrong\.decide\(self\).*write def decide\(self, view\)"):
        running(Wrong, BTC, {})


def test_a_class_without_decide_is_refused() -> None:
    class Idle(Strategy):
        pass

    with pytest.raises(UserError, match="Idle has no decide"):
        running(Idle, BTC, {})


def test_a_mistake_in_start_names_its_line() -> None:
    class Stumbles(Strategy):
        def start(self) -> None:
            raise RuntimeError("no such table")

        def decide(self, view: SymbolView) -> Wish | None:
            return None

    with pytest.raises(UserError, match=r"test_running\.py:\d+: RuntimeError: no such table \(in Stumbles\.start\)"):
        running(Stumbles, BTC, {})


class Pair(Portfolio):
    """Long the first, short the second."""

    def decide(self, view: BookView) -> Sequence[Wish]:
        first, second = self.symbols
        return self.long(first, "cheap", weight=0.4, stop=0.02), self.short(second, "dear", weight=0.5, stop=0.02)


def test_several_wishes_of_a_portfolio_are_one_decision() -> None:
    port = running(Pair, ("BTCUSDT", "ETHUSDT"), {})
    targets = port.decide(view(1, {"BTCUSDT": 100.0, "ETHUSDT": 5.0}))
    assert [(t.symbol, t.weight) for t in targets] == [("BTCUSDT", 0.4), ("ETHUSDT", -0.5)]
    held = {"BTCUSDT": "1", "ETHUSDT": "-1"}
    assert not port.decide(view(2, {"BTCUSDT": 100.0, "ETHUSDT": 5.0}, held))


def test_a_portfolio_that_names_a_symbol_it_does_not_trade_is_told_which_it_does() -> None:
    class Stray(Portfolio):
        def decide(self, view: BookView) -> Sequence[Wish]:
            return [self.long("DOGEUSDT", "why not", weight=0.1)]

    with pytest.raises(UserError, match=r"test_running\.py:\d+: DOGEUSDT is not traded here: the symbols are BTCUSDT"):
        running(Stray, BTC, {}).decide(view(1))


@pytest.mark.parametrize("answer", ["x", 5, [None], ["long"]])
def test_a_portfolio_must_answer_wishes(answer: object) -> None:
    class Odd(Portfolio):
        def decide(self, view: BookView) -> Sequence[Wish]:
            return answer  # type: ignore[return-value]

    with pytest.raises(UserError, match="which is not a decision"):
        running(Odd, BTC, {}).decide(view(1))


def test_reasons_with_numbers_in_them_do_not_fill_the_memory() -> None:
    class Chatty(Strategy):
        def decide(self, view: SymbolView) -> Wish | None:
            assert len(self._wishes) <= 64
            return self.long(f"rose to {view.minute}", stop=0.02) if view.minute % 2 else self.flat(f"at {view.minute}")

    port = running(Chatty, BTC, {})
    reasons = [target.reason for minute in range(1, 1000) for target in port.decide(view(minute))]
    assert reasons == [f"rose to {minute}" for minute in range(1, 1000, 2)]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"stop": 0.02, "target": "0.04"}, "target = '0.04' is not a fraction of the entry price"),
        ({"stop": "2%"}, "stop = '2%' is not a fraction of the entry price"),
        ({"stop": 0.02, "weight": "0.5"}, "weight = '0.5' is not a fraction of the equity"),
        ({"stop": 1.5}, "stop = 1.5 would stop below a price of 0: say 0.015 for 1.5 %"),
        ({"trail": 1.0}, "trail = 1.0 would stop below a price of 0"),
    ],
)
def test_a_level_that_is_none_is_told_in_its_own_words(asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        run(lambda s, v: s.long("x", **asked)).decide(view(1))
    assert said in caught.value.what
    assert "Error" not in caught.value.what


def test_a_short_may_be_stopped_at_more_than_twice_its_price() -> None:
    target = one(run(lambda s, v: s.short("x", stop=1.5)).decide(view(1)))
    assert target.protection == Protection(stop_frac=1.5)


class Both(Portfolio):
    """Says its wish in the ways a newcomer tries."""

    says: Any = None

    def decide(self, view: BookView) -> Sequence[Wish]:
        answer: Sequence[Wish] = type(self).says(self)
        return answer


@pytest.mark.parametrize(
    "says",
    [
        lambda s: [s.long("why", symbol="BTCUSDT", weight=0.5)],
        lambda s: [s.long("BTCUSDT", "why")],
        lambda s: [s.long("BTCUSDT", "why", weight=0.5, stopp=0.02)],
    ],
)
def test_a_wish_of_a_portfolio_said_wrongly_is_shown_how_to_be_said(says: Any) -> None:
    cls = type("Both", (Both,), {"says": staticmethod(says), "__module__": __name__})
    with pytest.raises(UserError) as caught:
        running(cls, BTC, {}).decide(view(1))
    assert 'self.long("BTCUSDT", "why", weight=0.5, stop=0.02)' in caught.value.remedy
    assert "test_running.py" in caught.value.where


def test_a_strategy_that_names_a_symbol_is_told_that_it_has_its_own() -> None:
    with pytest.raises(UserError) as caught:
        run(lambda s, v: s.long("why", symbol="BTCUSDT")).decide(view(1))
    assert "names none" in caught.value.remedy


def test_a_built_in_strategy_names_itself_and_no_line_of_ours() -> None:
    with pytest.raises(UserError) as caught:
        running(StatArb, BTC, {})
    assert caught.value.where == "strategy stat_arb"
