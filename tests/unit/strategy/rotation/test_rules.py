"""Every rule of entering, holding, leaving and rotating."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest
from msgspec.structs import replace

from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Action, Lean, Protection, Signal, Target
from rung.domain.view import View
from rung.strategy.rotation.params import (
    RotationConfig,
    RotationManagerConfig,
    SignalAggregatorConfig,
    SymbolsConfig,
)
from rung.strategy.rotation.rules import RotationRules

SYMBOLS = ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF")
FULL_DAY = Session(date="2025-09-15", open_ns=0, close_ns=390 * NS_PER_MINUTE)
HALF_DAY = Session(date="2025-07-03", open_ns=0, close_ns=210 * NS_PER_MINUTE)


def rules(**settings: object) -> RotationRules:
    return RotationRules(
        RotationConfig(
            symbols=SymbolsConfig(active=SYMBOLS),
            rotation_manager_config=RotationManagerConfig(**settings),  # type: ignore[arg-type]
        )
    )


def position(symbol: str, quantity: int = 10) -> Position:
    return Position(
        symbol=symbol,
        quantity=Decimal(quantity),
        entry_price=Decimal(100),
        opened_ns=0,
        mark_price=Decimal(100),
        entry_fees_quote=Decimal(0),
        protection=Protection(stop_frac=0.015),
    )


def view(
    minute: int,
    *held: str,
    session: Session = FULL_DAY,
    working: tuple[str, ...] = (),
    short: bool = False,
    closes: Mapping[str, float] | None = None,
) -> View:
    at_ns = minute * NS_PER_MINUTE
    bars = {}
    for symbol in SYMBOLS:
        close = (closes or {}).get(symbol, 100.0)
        bars[symbol] = Bar(
            symbol=symbol,
            open_ns=at_ns - NS_PER_MINUTE,
            interval_ns=NS_PER_MINUTE,
            open=close,
            high=close,
            low=close,
            close=close,
            volume=1e6,
        )
    account = Account(
        at_ns=at_ns,
        currency="USD",
        cash_quote=Decimal(100_000),
        equity_quote=Decimal(100_000),
        peak_equity_quote=Decimal(100_000),
        session_start_equity_quote=Decimal(100_000),
        positions={s: position(s, -10 if short else 10) for s in held},
        working={s: f"id-{s}" for s in working},
    )
    return View(slice=Slice(at_ns=at_ns, session=session, bars=bars), account=account)


def ranking(*strengths: tuple[str, float], lean: Lean = Lean.LONG) -> list[Signal]:
    return [
        Signal(at_ns=0, symbol=s, lean=lean, probability=0.6, confidence=0.5, strength=x, rank=n)
        for n, (s, x) in enumerate(strengths, start=1)
    ]


def decide(book: RotationRules, seen: View, signals: list[Signal], *, may_enter: bool = True) -> dict[str, Target]:
    return {t.symbol: t for t in book.decide(seen, signals, may_enter=may_enter)}


def hold_for(book: RotationRules, bars: int, signals: list[Signal], *held: str, start: int = 10) -> int:
    for minute in range(start, start + bars):
        decide(book, view(minute, *held), signals)
    return start + bars


FIVE = ranking(("AAA", 0.5), ("BBB", 0.4), ("CCC", 0.3), ("DDD", 0.2), ("EEE", 0.1))


def test_the_strongest_signals_fill_the_free_slots_with_a_stop_and_a_reason() -> None:
    targets = decide(rules(), view(10), FIVE)
    assert list(targets) == ["AAA", "BBB", "CCC"]
    assert all(t.action is Action.ENTER_LONG and t.reason for t in targets.values())
    assert targets["AAA"].weight == pytest.approx(0.95 * 0.33)
    assert targets["AAA"].protection == Protection(stop_frac=0.015, take_profit_frac=None)


def test_nothing_is_entered_below_the_entry_strength_or_past_the_holding_rank() -> None:
    assert decide(rules(), view(10), ranking(("AAA", 0.0079))) == {}
    sixth = [replace(FIVE[0], rank=6)]
    assert decide(rules(), view(10), sixth) == {}


def test_nothing_is_entered_while_too_few_symbols_are_fresh() -> None:
    assert decide(rules(), view(10), FIVE, may_enter=False) == {}


def test_long_only_skips_short_signals_and_shorts_are_opened_only_by_config() -> None:
    shorts = ranking(("AAA", 0.5), lean=Lean.SHORT)
    assert decide(rules(), view(10), shorts) == {}
    target = decide(rules(allow_shorts=True), view(10), shorts)["AAA"]
    assert target.action is Action.ENTER_SHORT
    assert target.weight == pytest.approx(-0.95 * 0.33)


def test_no_entries_in_the_last_thirty_minutes_before_the_flattening() -> None:
    assert "AAA" in decide(rules(), view(357), FIVE)
    assert decide(rules(), view(358), FIVE) == {}
    assert "AAA" in decide(rules(), view(177, session=HALF_DAY), FIVE)
    assert decide(rules(), view(178, session=HALF_DAY), FIVE) == {}


@pytest.mark.parametrize(("session", "minute"), [(FULL_DAY, 388), (HALF_DAY, 208)], ids=["full day", "early close"])
def test_everything_is_left_two_minutes_before_the_calendar_close(session: Session, minute: int) -> None:
    book = rules()
    before = decide(book, view(minute - 1, "AAA", session=session), FIVE)
    assert before["AAA"].action is Action.HOLD
    flat = decide(book, view(minute, "AAA", session=session), FIVE)
    assert (flat["AAA"].action, flat["AAA"].weight) == (Action.EOD_EXIT, 0.0)


def test_the_end_of_day_also_withdraws_an_entry_that_has_not_filled() -> None:
    flat = decide(rules(), view(388, working=("BBB",)), FIVE)
    assert flat["BBB"].action is Action.EOD_EXIT


def test_an_exit_already_under_way_is_not_sent_twice() -> None:
    book = rules()
    decide(book, view(388, "AAA"), FIVE)
    assert decide(book, view(389, "AAA", working=("AAA",)), FIVE) == {}
    assert "AAA" in decide(book, view(389, "AAA"), FIVE)  # it died at the venue: send again


def test_only_the_end_of_day_acts_during_the_minimum_hold() -> None:
    book = rules()
    gone = ranking(("BBB", 0.5), lean=Lean.SHORT)
    turned = [*gone, replace(gone[0], symbol="AAA", rank=2)]
    for minute in range(10, 14):
        assert decide(book, view(minute, "AAA"), turned)["AAA"].action is Action.HOLD
    assert decide(book, view(14, "AAA"), turned)["AAA"].action is Action.EXIT


def test_the_profit_target_joins_the_stop_when_the_minimum_hold_is_over() -> None:
    book = rules()
    assert decide(book, view(10, "AAA"), FIVE)["AAA"].protection is None  # the stop of the entry stands
    minute = hold_for(book, 3, FIVE, "AAA", start=11)
    assert decide(book, view(minute, "AAA"), FIVE)["AAA"].protection == Protection(
        stop_frac=0.015, take_profit_frac=0.03
    )


def test_a_holding_is_left_when_its_rank_or_its_strength_falls_too_far() -> None:
    book = rules()
    minute = hold_for(book, 5, FIVE, "AAA", "BBB")
    weak = [*ranking(("CCC", 0.5), ("DDD", 0.4)), replace(FIVE[0], rank=6), replace(FIVE[1], rank=3, strength=0.0039)]
    targets = decide(book, view(minute, "AAA", "BBB"), weak)
    assert targets["AAA"].action is Action.EXIT
    assert "rank 6" in targets["AAA"].reason
    assert targets["BBB"].action is Action.EXIT
    assert "below 0.004" in targets["BBB"].reason


def test_hysteresis_holds_between_the_exit_and_the_entry_strength() -> None:
    book = rules()
    minute = hold_for(book, 5, FIVE, "AAA")
    between = ranking(("AAA", 0.005))
    assert decide(book, view(minute, "AAA"), between)["AAA"].action is Action.HOLD


def test_a_slot_is_free_once_its_exit_has_filled_and_not_before() -> None:
    book = rules(max_positions=1, capital_per_position=1.0)
    minute = hold_for(book, 5, FIVE, "AAA")
    wanted = [*ranking(("BBB", 0.5)), replace(FIVE[0], rank=6)]
    leaving = decide(book, view(minute, "AAA"), wanted)
    assert leaving["AAA"].action is Action.EXIT
    assert "BBB" not in leaving
    assert decide(book, view(minute + 1, "AAA", working=("AAA",)), wanted) == {}  # no bar yet for the exit
    assert decide(book, view(minute + 2), wanted)["BBB"].action is Action.ENTER_LONG


def test_at_capacity_the_weakest_holding_goes_for_an_outsider_that_leads_by_the_delta() -> None:
    book = rules()
    held = ("AAA", "BBB", "CCC")
    minute = hold_for(book, 5, FIVE, *held)
    close_call = ranking(("DDD", 0.449), ("AAA", 0.4), ("BBB", 0.35), ("CCC", 0.3))
    assert {t.action for t in decide(book, view(minute, *held), close_call).values()} == {Action.HOLD}
    clear = ranking(("DDD", 0.4501), ("AAA", 0.4), ("BBB", 0.35), ("CCC", 0.3), ("EEE", 0.29))
    targets = decide(book, view(minute + 1, *held), clear)
    assert targets["CCC"].action is Action.ROTATE_OUT
    assert "DDD" not in targets
    assert sum(t.action is Action.ROTATE_OUT for t in targets.values()) == 1
    waiting = decide(book, view(minute + 2, *held, working=("CCC",)), clear)
    assert {t.action for t in waiting.values()} == {Action.HOLD}  # one rotation at a time
    assert decide(book, view(minute + 3, "AAA", "BBB"), clear)["DDD"].action is Action.ENTER_LONG


def test_a_halted_holding_is_not_rotated_out() -> None:
    book = rules()
    held = ("AAA", "BBB", "CCC")
    minute = hold_for(book, 5, FIVE, *held)
    seen = view(minute, *held)
    halted = replace(seen, slice=replace(seen.slice, bars={s: b for s, b in seen.slice.bars.items() if s != "CCC"}))
    clear = ranking(("DDD", 0.9), ("AAA", 0.4), ("BBB", 0.35), ("CCC", 0.3))
    assert decide(book, halted, clear)["BBB"].action is Action.ROTATE_OUT


def test_an_entry_that_did_not_fill_in_its_bar_is_withdrawn() -> None:
    targets = decide(rules(), view(10, working=("BBB",)), FIVE)
    assert (targets["BBB"].action, targets["BBB"].weight) == (Action.EXIT, 0.0)
    assert targets["BBB"].reason == "the entry did not fill"


def test_rotation_respects_the_minimum_hold() -> None:
    book = rules()
    held = ("AAA", "BBB", "CCC")
    clear = ranking(("DDD", 0.9), ("AAA", 0.4), ("BBB", 0.35), ("CCC", 0.3))
    for minute in range(10, 14):
        assert Action.ROTATE_OUT not in {t.action for t in decide(book, view(minute, *held), clear).values()}
    assert decide(book, view(14, *held), clear)["CCC"].action is Action.ROTATE_OUT


def test_an_exited_symbol_cools_down_whether_ranked_or_not() -> None:
    book = rules(minimum_hold_bars=1, max_positions=1, capital_per_position=1.0)
    decide(book, view(10, "AAA"), [replace(FIVE[0], rank=6)])  # exits
    only = ranking(("AAA", 0.5))
    minutes = [m for m in range(11, 30) if "AAA" in decide(book, view(m), only if m % 2 else [])]
    assert minutes[0] == 21


def test_a_position_closed_by_the_venue_cools_down_too() -> None:
    book = rules()
    decide(book, view(10, "AAA"), FIVE)
    assert "AAA" not in decide(book, view(11), ranking(("AAA", 0.5)))


def test_a_missing_signal_keeps_its_strength_before_bar_200_and_decays_after() -> None:
    book = rules()
    hold_for(book, 6, FIVE, "AAA")
    for minute in range(16, 200):
        assert decide(book, view(minute, "AAA"), [])["AAA"].action is Action.HOLD
    actions = [decide(book, view(m, "AAA"), []).get("AAA") for m in range(200, 300)]
    exits = [n for n, t in enumerate(actions) if t is not None and t.action is Action.EXIT]
    assert exits
    assert actions[exits[0]].reason == "no signal ranks it any more, and its strength has decayed"  # type: ignore[union-attr]
    assert 80 <= exits[0] <= 100  # 0.5 × 0.95^n < 0.006 at n = 87


def test_at_most_one_target_per_symbol() -> None:
    book = rules()
    for minute in range(10, 60):
        targets = book.decide(view(minute, "AAA", "BBB"), FIVE, may_enter=True)
        assert len({t.symbol for t in targets}) == len(targets)


def test_the_correlation_filter_skips_what_moves_with_a_holding() -> None:
    config = RotationConfig(
        symbols=SymbolsConfig(active=SYMBOLS),
        signal_aggregator_config=SignalAggregatorConfig(enable_correlation_filter=True, max_correlation=0.85),
    )
    book = RotationRules(config)
    for minute in range(10, 61):
        wave = 100.0 + (minute * 7919 % 13)
        closes = {"AAA": wave, "BBB": 2 * wave, "CCC": 200.0 - wave}
        targets = decide(book, view(minute, "AAA", closes=closes), FIVE, may_enter=minute == 60)
    assert "BBB" not in targets  # the same bet
    assert targets["CCC"].action is Action.ENTER_LONG  # the opposite one
