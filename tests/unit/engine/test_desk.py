"""One step through the whole house: order of the stages, next-bar fills, gates on entries, free way for exits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.unit.engine.scripted import CAPITAL, SESSION, desk, enter, leave, slice_at

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.session import Session
from rung.domain.step import Step
from rung.domain.verdicts import Approved, Refused, ViolationKind
from rung.engine.desk import Desk
from rung.risk.flag import PolledFlag


def run(d: Desk, minutes: range, price: float = 50.0) -> dict[int, Step]:
    return {m: d.step(slice_at(m, price)) for m in minutes}


def test_what_is_decided_on_a_bar_fills_at_the_open_of_the_next_one_and_not_before() -> None:
    steps = run(desk({10: enter()}), range(9, 13))
    assert isinstance(steps[10].verdicts[0], Approved)
    assert steps[10].fills == ()
    (fill,) = steps[11].fills
    assert fill.quantity == 600  # 30 % of 100,000 at 50
    assert fill.reference_price == Decimal(50)
    assert fill.price > 50
    assert steps[11].account.positions["TQQQ"].quantity == 600


def test_equity_after_a_round_trip_is_the_capital_less_spread_slippage_and_fees_to_the_cent() -> None:
    steps = run(desk({10: enter(), 20: leave}), range(9, 23))
    fills = [f for s in steps.values() for f in s.fills]
    paid = sum((f.slippage_quote + f.fee_quote for f in fills), Decimal(0))
    assert len(fills) == 2
    assert paid > 0
    assert steps[22].account.equity_quote == CAPITAL - paid
    assert not steps[22].account.positions


def test_a_refused_order_never_reaches_the_venue_and_says_every_reason() -> None:
    steps = run(desk({10: enter(weight=0.9, stop=None)}), range(9, 13))
    (verdict,) = steps[10].verdicts
    assert isinstance(verdict, Refused)
    assert {v.kind for v in verdict.violations} == {ViolationKind.MISSING_STOP, ViolationKind.NOTIONAL_SYMBOL}
    assert all(not s.fills for s in steps.values())


def test_maintenance_blocks_entries_and_lets_exits_pass() -> None:
    flag = PolledFlag()
    flag.found(None)
    d = desk({10: enter(), 15: leave, 17: enter()}, flag)
    run(d, range(9, 13))
    flag.found("a person is working on it")
    steps = run(d, range(13, 19))
    assert isinstance(steps[15].verdicts[0], Approved)
    assert not steps[16].account.positions
    refused = steps[17].verdicts[0]
    assert isinstance(refused, Refused)
    assert [v.kind for v in refused.violations] == [ViolationKind.MAINTENANCE]


def test_the_account_is_marked_to_the_newest_close_and_remembers_its_peak() -> None:
    d = desk({10: enter()})
    run(d, range(9, 12))
    up = d.step(slice_at(12, 51.0)).account
    down = d.step(slice_at(13, 50.0)).account
    assert up.equity_quote > CAPITAL
    assert down.peak_equity_quote == up.equity_quote
    assert down.drawdown_frac > 0


def test_a_position_that_found_no_bar_to_leave_on_is_named_at_the_next_open() -> None:
    d = desk({10: enter(), 388: leave})
    run(d, range(9, 389))
    tomorrow = Session(
        date="2025-09-16",
        open_ns=SESSION.open_ns + 1440 * NS_PER_MINUTE,
        close_ns=SESSION.close_ns + 1440 * NS_PER_MINUTE,
    )
    step = d.step(slice_at(1, session=tomorrow))
    assert step.notes == ("TQQQ was carried overnight: its exit found no bar to fill on",)
    assert step.fills[0].closes
    assert step.account.session_start_equity_quote == pytest.approx(step.account.equity_quote, rel=Decimal("0.01"))


def test_a_market_without_a_night_carries_nothing_over_it() -> None:
    day = Session(
        date="2025-09-15",
        open_ns=SESSION.open_ns,
        close_ns=SESSION.open_ns + 1440 * NS_PER_MINUTE,
    )
    after = Session(date="2025-09-16", open_ns=day.close_ns, close_ns=day.close_ns + 1440 * NS_PER_MINUTE)
    d = desk({10: enter()})
    for minute in range(9, 13):
        d.step(slice_at(minute, session=day))
    step = d.step(slice_at(1, session=after))
    assert step.account.positions
    assert step.notes == ()
    assert step.account.session_start_equity_quote == pytest.approx(step.account.equity_quote, rel=Decimal("0.01"))


def test_steps_are_numbered_without_holes() -> None:
    assert [s.seq for s in run(desk({}), range(1, 6)).values()] == [1, 2, 3, 4, 5]
