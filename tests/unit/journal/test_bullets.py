"""Steps → bullets: which decisions make one, what it says, and when its result is known."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.errors import UserError
from rung.domain.fill import Fill, Trigger
from rung.domain.order import Order, OrderKind, Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.target import Action, Protection, Target
from rung.domain.verdicts import Approved, Refused, Violation, ViolationKind
from rung.journal.bullet import Bullet, bullet_id, from_json, to_json
from rung.journal.bullets import BulletFold
from rung.journal.regimes import BulletParams

MINUTE = 60_000_000_000
OPEN = 1_757_943_000_000_000_000
SESSION = Session(date="2025-09-15", open_ns=OPEN, close_ns=OPEN + 390 * MINUTE)


def bar(minute: int, close: float = 100.0, *, spread: float = 0.5, volume: float = 1_000.0) -> Bar:
    return Bar(
        symbol="AAA", open_ns=OPEN + (minute - 1) * MINUTE, interval_ns=MINUTE, open=close, high=close + spread,
        low=close - spread, close=close, volume=volume,
    )  # fmt: skip


def step(minute: int, **parts: Any) -> Step:
    """A minute of one symbol, flat and without decisions unless `parts` say otherwise."""
    held: dict[str, Position] = parts.pop("held", {})
    account = Account(
        at_ns=OPEN + minute * MINUTE, currency="USD", cash_quote=Decimal(1000), equity_quote=Decimal(1000),
        peak_equity_quote=Decimal(1250), session_start_equity_quote=Decimal(1000), positions=held,
        working=parts.pop("working", {}),
    )  # fmt: skip
    bars = parts.pop("bars", {"AAA": bar(minute)})
    given: dict[str, Any] = {"fills": (), "signals": (), "targets": (), "verdicts": (), **parts}
    event = Slice(at_ns=OPEN + minute * MINUTE, session=SESSION, bars=bars)
    return Step(seq=minute, event=event, account=account, **given)


def target(action: Action = Action.ENTER_LONG, weight: float | None = 0.3) -> Target:
    return Target(at_ns=OPEN, symbol="AAA", action=action, weight=weight, reason="because", strength=0.5, rank=1)


def order(name: str, side: Side, quantity: int, action: Action, kind: OrderKind = OrderKind.MARKET) -> Order:
    return Order(
        order_id=name, at_ns=OPEN, symbol="AAA", side=side, kind=kind, quantity=Decimal(quantity),
        reference_price=Decimal(100), reduce_only=action is Action.EXIT or kind is not OrderKind.MARKET, action=action,
        reason="because", strategy="test",
        protection=Protection(stop_frac=0.02, take_profit_frac=0.04) if action is not Action.EXIT else None,
    )  # fmt: skip


def fill(order_id: str, side: Side, quantity: int, price: str, **more: Any) -> Fill:
    given: dict[str, Any] = {"fee_quote": Decimal(1), "trigger": Trigger.ORDER, "action": Action.EXIT, **more}
    return Fill(
        fill_id=f"{order_id}.{price}", order_id=order_id, at_ns=OPEN + MINUTE, symbol="AAA", side=side,
        quantity=Decimal(quantity), price=Decimal(price), reference_price=Decimal(price), reason="because",
        closes=side is Side.SELL, **given,
    )  # fmt: skip


def refused(one: Order, *kinds: ViolationKind) -> Refused:
    broken = tuple(
        Violation(kind=kind, gate="g", message=f"{kind} is broken", value="3", limit="2",
                  adjusted_quantity=Decimal(7 - n), adjusted_leverage=Decimal(2))
        for n, kind in enumerate(kinds)
    )  # fmt: skip
    return Refused(order=one, violations=broken, at_ns=OPEN)


BUY = order("buy", Side.BUY, 10, Action.ENTER_LONG)
SELL = order("sell", Side.SELL, 10, Action.EXIT)


def entered(minute: int = 1) -> Step:
    return step(minute, targets=(target(),), verdicts=(Approved(BUY, OPEN),))


def left(minute: int) -> Step:
    return step(minute, targets=(target(Action.EXIT, 0.0),), verdicts=(Approved(SELL, OPEN),), held=HELD)


HELD = {
    "AAA": Position(
        symbol="AAA", quantity=Decimal(10), entry_price=Decimal(100), opened_ns=OPEN, mark_price=Decimal(101),
        entry_fees_quote=Decimal(1),
    )
}  # fmt: skip
ROUND_TRIP = (
    entered(1),
    step(2, fills=(fill("buy", Side.BUY, 10, "100"),), held=HELD),
    left(3),
    step(4, fills=(fill("sell", Side.SELL, 10, "103"),)),
)


def seen(*steps: Step, params: BulletParams | None = None) -> list[Bullet]:
    fold = BulletFold(params)
    return [bullet for one in steps for bullet in fold.see(one)]


def test_a_refusal_is_told_at_once_with_every_reason_and_the_smallest_offer() -> None:
    kinds = (ViolationKind.LEVERAGE_SYMBOL, ViolationKind.MISSING_STOP)
    (bullet,) = seen(step(1, targets=(target(),), verdicts=(refused(BUY, *kinds),)))
    assert bullet.risk_check["approved"] is False
    assert bullet.violations == ["per_symbol_leverage_exceeded", "missing_stop_loss"]
    assert bullet.risk_check["messages"] == [f"{kind} is broken" for kind in kinds]
    assert (bullet.risk_check["adjusted_size"], bullet.risk_check["adjusted_leverage"]) == (6.0, 2.0)
    assert bullet.tags == ("symbol:AAA", "decision:TRADE", "action:ENTER_LONG", "rejected")
    assert bullet.result["violations"] == bullet.violations
    assert (bullet.execution_result["status"], bullet.pnl) == ("refused", None)


def test_an_approved_entry_waits_until_the_position_is_flat_again() -> None:
    fold = BulletFold()
    told = [[b.llm_decision["action"] for b in fold.see(one)] for one in ROUND_TRIP[:3]]
    assert told == [[], [], []]
    assert [b.execution_result["status"] for b in fold.flush()] == ["filled", "working"]
    entry, leaving = fold.see(ROUND_TRIP[3])
    assert fold.flush() == []
    assert (entry.pnl, leaving.pnl) == (28.0, 28.0)  # 10 × 3 − two fees
    assert entry.execution_result["closed_by"] == "ORDER"
    assert "outcome:win" in entry.tags


def test_an_entry_led_to_its_exit_which_names_it() -> None:
    entry, leaving = seen(*ROUND_TRIP)
    assert [(e["type"], e["target_id"]) for e in entry.edges] == [
        ("led_to", leaving.id), ("confirmed_by", leaving.id),
    ]  # fmt: skip
    assert leaving.execution_result["entry_ids"] == [entry.id]


def test_a_losing_exit_speaks_against_its_entry() -> None:
    entry, _ = seen(*ROUND_TRIP[:3], step(4, fills=(fill("sell", Side.SELL, 10, "99"),)))
    assert entry.edges[-1]["type"] == "invalidated_by"
    assert entry.pnl == -12.0
    assert "outcome:loss" in entry.tags


def test_a_stop_at_the_venue_settles_the_entry_without_an_exit_of_its_own() -> None:
    stop = fill("buy-s", Side.SELL, 10, "98", trigger=Trigger.STOP, action=Action.STOP_LOSS)
    (entry,) = seen(*ROUND_TRIP[:2], step(3, fills=(stop,)))
    assert (entry.pnl, entry.execution_result["closed_by"]) == (-22.0, "STOP")
    assert not any(edge["type"] == "led_to" for edge in entry.edges)


def test_an_exit_in_two_fills_realises_both_and_the_entry_waits_for_the_last() -> None:
    half = replace(HELD["AAA"], quantity=Decimal(5))
    fold = BulletFold()
    for one in ROUND_TRIP[:3]:
        assert fold.see(one) == []
    partly = step(4, fills=(fill("sell", Side.SELL, 5, "102"),), held={"AAA": half}, working={"AAA": "sell"})
    assert fold.see(partly) == []
    entry, leaving = fold.see(step(5, fills=(fill("sell", Side.SELL, 5, "104"),)))
    assert leaving.execution_result["fills"] == 2
    assert leaving.execution_result["average_price"] == 103.0
    assert leaving.pnl == entry.pnl == 27.0


def test_one_fill_through_zero_ends_a_trip_and_begins_the_next() -> None:
    flip = order("flip", Side.SELL, 15, Action.ENTER_SHORT)
    short = {"AAA": replace(HELD["AAA"], quantity=Decimal(-5))}
    back = order("back", Side.BUY, 5, Action.EXIT)
    bullets = seen(
        *ROUND_TRIP[:2],
        step(3, targets=(target(Action.ENTER_SHORT, -0.1),), verdicts=(Approved(flip, OPEN),), held=HELD),
        step(4, fills=(fill("flip", Side.SELL, 15, "103", fee_quote=Decimal(3)),), held=short),
        step(5, targets=(target(Action.EXIT, 0.0),), verdicts=(Approved(back, OPEN),), held=short),
        step(6, fills=(fill("back", Side.BUY, 5, "101"),)),
    )
    pnl = {b.llm_decision["actions"][0]["order_id"]: b.pnl for b in bullets}
    assert pnl["buy"] == 27.0  # 30 − 1 − two thirds of 3
    assert pnl["flip"] == 27.0 + 8.0  # what it closed, and the short it opened: 10 − 1 − 1
    assert pnl["back"] == 8.0


def test_an_order_that_never_fills_is_told_when_it_no_longer_works() -> None:
    assert seen(entered(1), step(2, working={"AAA": "buy"})) == []
    (bullet,) = seen(entered(1), step(2, working={"AAA": "buy"}), step(3))
    assert (bullet.execution_result["status"], bullet.pnl) == ("unfilled", None)


def test_a_wish_that_became_no_order_is_told_as_one() -> None:
    (bullet,) = seen(step(1, targets=(target(),)))
    assert bullet.risk_check["approved"] is None
    assert bullet.tags[-1] == "no_order"
    assert bullet.llm_decision["actions"] == []
    assert bullet.llm_decision["rationale"] == "because"


def test_holding_makes_a_bullet_only_when_asked_for() -> None:
    held = step(1, targets=(target(Action.HOLD, None),), held=HELD)
    assert seen(held) == []
    (bullet,) = seen(held, params=BulletParams(holds=True))
    assert bullet.decision == "NO_TRADE"
    assert "decision:NO_TRADE" in bullet.tags
    assert "no_order" not in bullet.tags


def test_a_refused_protection_of_a_held_position_is_told() -> None:
    guard = order("guard", Side.SELL, 0, Action.HOLD, OrderKind.PROTECT)
    held = step(
        1, targets=(target(Action.HOLD, None),), held=HELD, verdicts=(refused(guard, ViolationKind.INVALID_STOP),)
    )
    (bullet,) = seen(held)
    assert (bullet.decision, bullet.tags[-1]) == ("NO_TRADE", "rejected")
    assert seen(replace(held, verdicts=(Approved(guard, OPEN),))) == []


def test_an_order_nobody_asked_for_is_told_from_itself() -> None:
    (bullet,) = seen(step(1, verdicts=(refused(BUY, ViolationKind.KILL_SWITCH),)))
    assert bullet.llm_decision["rationale"] == "because"
    assert bullet.llm_decision["weight"] is None


def test_stop_and_target_are_prices_on_the_right_side() -> None:
    (long,) = seen(step(1, targets=(target(),), verdicts=(refused(BUY, ViolationKind.MARGIN),)))
    assert (long.llm_decision["stop_loss"], long.llm_decision["take_profit"]) == (98.0, 104.0)
    sold = order("short", Side.SELL, 5, Action.ENTER_SHORT)
    (short,) = seen(
        step(1, targets=(target(Action.ENTER_SHORT, -0.3),), verdicts=(refused(sold, ViolationKind.MARGIN),))
    )
    assert (short.llm_decision["stop_loss"], short.llm_decision["take_profit"]) == (102.0, 96.0)


# -- regimes ------------------------------------------------------------------------------------------------------


def decided(closes: list[float], *, spread: float = 0.5, volume: float = 1_000.0) -> Bullet:
    """The bullet of a refusal in the minute of the last close."""
    minutes = [step(n, bars={"AAA": bar(n, close, spread=spread, volume=volume)}) for n, close in enumerate(closes, 1)]
    last = replace(minutes[-1], targets=(target(),), verdicts=(refused(BUY, ViolationKind.MARGIN),))
    return seen(*minutes[:-1], last)[-1]


def test_a_regime_is_unknown_until_enough_bars_have_closed() -> None:
    assert set(decided([100.0] * 13).regime.values()) == {"unknown"}
    assert decided([100.0] * 14).regime == {"volatility": "low", "trend": "unknown", "liquidity": "unknown"}
    assert decided([100.0] * 20).regime == {"volatility": "low", "trend": "sideways", "liquidity": "medium"}


@pytest.mark.parametrize(
    ("half_range", "word"), [(0.99, "low"), (1.0, "medium"), (2.49, "medium"), (2.5, "high"), (9.0, "high")]
)
def test_volatility_is_the_average_true_range_over_the_price(half_range: float, word: str) -> None:
    assert decided([100.0] * 20, spread=half_range).regime["volatility"] == word


@pytest.mark.parametrize(
    ("last", "word"), [(103.0, "up"), (102.0, "sideways"), (98.0, "sideways"), (97.0, "down")]
)  # fmt: skip
def test_the_trend_is_the_price_against_its_average(last: float, word: str) -> None:
    bullet = decided([100.0] * 19 + [last])
    assert bullet.regime["trend"] == word
    assert bullet.market_data["ma_20"] == pytest.approx((1900 + last) / 20)


@pytest.mark.parametrize(("volume", "word"), [(999.0, "low"), (1_000.0, "medium"), (10_000.0, "high")])
def test_liquidity_is_the_value_traded_per_minute(volume: float, word: str) -> None:
    bullet = decided([100.0] * 20, volume=volume)
    assert bullet.regime["liquidity"] == word
    assert bullet.market_data["traded_per_minute_quote"] == pytest.approx(100.0 * volume)
    assert bullet.market_data["volume_24h"] == pytest.approx(20 * volume)


def test_a_bar_that_is_no_number_changes_nothing_and_leaves_the_bullet_readable() -> None:
    bullet = decided([100.0] * 20 + [math.nan])
    assert bullet.market_data["price"] == 100.0
    assert bullet.market_data["timestamp"] == decided([100.0] * 20).market_data["timestamp"]
    first = decided([math.nan])
    assert first.market_data["price"] is None
    assert from_json(to_json(first)) == first


def test_nothing_after_the_decision_changes_its_state() -> None:
    """P12: the market data of a bullet is that of the slices up to it."""
    calm = [step(n) for n in range(1, 30)]
    wild = [step(n, bars={"AAA": bar(n, 500.0 * n, volume=9e9)}) for n in range(30, 40)]
    calm[-1] = replace(calm[-1], targets=(target(),), verdicts=(Approved(BUY, OPEN),))
    (alone,) = seen(*calm, step(30))
    (followed,) = seen(*calm, *wild)
    assert alone.state == followed.state


def test_decisions_in_the_same_known_regime_are_linked_in_a_chain() -> None:
    minutes = [step(n) for n in range(1, 24)]
    for n, name in ((20, "a"), (21, "b"), (22, "c")):
        one = replace(BUY, order_id=name)
        minutes[n] = replace(minutes[n], targets=(target(),), verdicts=(refused(one, ViolationKind.MARGIN),))
    first, second, third = seen(*minutes)
    assert first.edges == ()
    assert [edge["target_id"] for edge in (*second.edges, *third.edges)] == [first.id, second.id]


# -- identity, interruption ---------------------------------------------------------------------------------------


def test_an_id_is_the_sources_and_tells_legs_and_runs_apart() -> None:
    assert bullet_id("2025-09-15T13:30:00Z", "BTC", "TRADE") == "50b0777483da664b"
    words = [("", ""), ("leg", ""), ("", "run"), ("leg", "run"), ("leg2", "run")]
    assert len({bullet_id("t", "s", "TRADE", leg, run) for leg, run in words}) == 5


def test_the_legs_of_one_decision_have_ids_of_their_own() -> None:
    flip = step(
        1, targets=(target(),), verdicts=(refused(BUY, ViolationKind.MARGIN), refused(SELL, ViolationKind.NOT_REDUCING))
    )
    bullets = seen(flip)
    assert len({bullet.id for bullet in bullets}) == 2


def test_a_position_whose_beginning_was_not_seen_is_taken_over() -> None:
    (leaving,) = seen(left(1), step(2, fills=(fill("sell", Side.SELL, 10, "103"),)))
    assert leaving.pnl == 28.0
    assert leaving.execution_result["entry_ids"] == []


def test_a_restart_of_the_desk_keeps_what_is_open_and_a_new_account_does_not() -> None:
    same, other = BulletFold(), BulletFold()
    for fold in (same, other):
        for one in ROUND_TRIP[:2]:
            fold.see(one)
        fold.open_run("next")
    assert same.see(step(3, held=HELD)) == []
    (given_up,) = other.see(step(3))
    assert given_up.pnl is None
    assert other.flush() == []


def test_a_replay_of_an_earlier_day_begins_anew() -> None:
    fold = BulletFold()
    for one in ROUND_TRIP[:2]:
        fold.see(one)
    fold.open_run("next")
    (given_up,) = fold.see(step(1))
    assert given_up.pnl is None
    assert [b.market_data["volume_24h"] for b in fold.see(step(2, targets=(target(),)))] == [2_000.0]


STORY = (
    *(step(n) for n in range(1, 22)),
    entered(22),
    step(23, fills=(fill("buy", Side.BUY, 10, "100.25"),), held=HELD),
    step(
        24,
        targets=(target(),),
        verdicts=(refused(replace(BUY, order_id="again"), ViolationKind.RATE_LIMIT),),
        held=HELD,
    ),
    left(25),
    step(26, fills=(fill("sell", Side.SELL, 10, "103.5"),)),
    entered(27),
)


@settings(max_examples=40, derandomize=True)
@given(st.sets(st.integers(0, len(STORY) - 1)))
def test_a_fold_that_is_stopped_and_resumed_anywhere_makes_the_same_bullets(stops: set[int]) -> None:
    fold, bullets = BulletFold(run="r"), list[Bullet]()
    for n, one in enumerate(STORY):
        if n in stops:
            fold = BulletFold.resumed(fold.state())
        bullets += fold.see(one)
    whole = BulletFold(run="r")
    assert [to_json(b) for b in bullets] == [to_json(b) for one in STORY for b in whole.see(one)]
    assert [to_json(b) for b in fold.flush()] == [to_json(b) for b in whole.flush()]


def test_a_bullet_survives_json_and_anything_else_is_refused() -> None:
    for bullet in seen(*STORY):
        assert from_json(to_json(bullet)) == bullet
    with pytest.raises(UserError, match="not a bullet"):
        from_json(b'{"id": 3}')
    with pytest.raises(UserError, match="cannot be read"):
        BulletFold.resumed(b"{")


def test_thresholds_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="high_volatility_frac"):
        BulletParams(medium_volatility_frac=0.1)
    with pytest.raises(ValueError, match="high_liquidity_quote"):
        BulletParams(medium_liquidity_quote=1e9)
