"""Any step there is comes back from its bytes, and the same step always makes the same bytes."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.charge import Charge
from rung.domain.fill import Fill
from rung.domain.order import Order
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.target import Lean, Protection, Signal, Target
from rung.domain.verdicts import Approved, Refused, Violation
from rung.journal.codec import decode, encode

text = st.text(max_size=12)
symbols = st.text("ABCDEFXYZ.-", min_size=1, max_size=6)
instants = st.integers(-(2**62), 2**62)
exact = st.decimals(allow_nan=False, allow_infinity=False)
floats = st.floats(allow_nan=False)
guards = st.none() | st.builds(
    Protection,
    **dict.fromkeys(("stop_frac", "take_profit_frac", "trail_frac", "trail_quote"), st.none() | floats),  # type: ignore[arg-type]
)
stamped: dict[str, Any] = {"at_ns": instants, "symbol": symbols, "reason": text, "strategy": text}

bars = st.builds(
    Bar, symbol=symbols, open_ns=instants, interval_ns=instants, open=floats, high=floats, low=floats, close=floats,
    volume=floats,
)  # fmt: skip
slices = st.builds(
    Slice,
    at_ns=instants,
    session=st.builds(Session, date=text, open_ns=instants, close_ns=instants),
    bars=st.dictionaries(symbols, bars, max_size=3),
)
positions = st.builds(
    Position, symbol=symbols, quantity=exact, entry_price=exact, opened_ns=instants, mark_price=exact,
    entry_fees_quote=exact, protection=guards,
)  # fmt: skip
accounts = st.builds(
    Account, at_ns=instants, currency=text, cash_quote=exact, equity_quote=exact, peak_equity_quote=exact,
    session_start_equity_quote=exact, positions=st.dictionaries(symbols, positions, max_size=2),
    working=st.dictionaries(symbols, text, max_size=2), closed_trades_quote=st.lists(exact, max_size=3).map(tuple),
)  # fmt: skip
orders = st.builds(
    Order, order_id=text, quantity=exact, reference_price=exact, limit_price=st.none() | exact, protection=guards,
    leverage=exact, **stamped,
)  # fmt: skip
violations = st.builds(
    Violation, gate=text, message=text, value=text, limit=text, adjusted_quantity=st.none() | exact,
    adjusted_leverage=st.none() | exact,
)  # fmt: skip
verdicts = st.builds(Approved, orders, instants) | st.builds(
    Refused, order=orders, violations=st.lists(violations, max_size=2).map(tuple), at_ns=instants
)
fills = st.builds(
    Fill, fill_id=text, order_id=text, at_ns=instants, symbol=symbols, quantity=exact, price=exact,
    reference_price=exact, fee_quote=exact, reason=text,
)  # fmt: skip
signals = st.builds(
    Signal, at_ns=instants, symbol=symbols, probability=floats, confidence=floats, strength=floats, rank=st.integers()
)
targets = st.builds(
    Target, at_ns=instants, symbol=symbols, weight=st.none() | floats, reason=text, strength=floats,
    rank=st.integers(-5, 5), protection=guards,
)  # fmt: skip
charges = st.builds(Charge, at_ns=instants, symbol=symbols, amount_quote=exact, reason=text)
steps = st.builds(
    Step,
    seq=st.integers(0, 2**62),
    event=slices,
    fills=st.lists(fills, max_size=2).map(tuple),
    account=accounts,
    signals=st.lists(signals, max_size=2).map(tuple),
    targets=st.lists(targets, max_size=2).map(tuple),
    verdicts=st.lists(verdicts, max_size=2).map(tuple),
    notes=st.lists(text, max_size=2).map(tuple),
    charges=st.lists(charges, max_size=2).map(tuple),
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50)
@given(steps)
def test_a_step_comes_back_bit_for_bit(step: Step) -> None:
    payload = encode(step)
    back = decode(payload)
    assert back == step
    assert repr(back) == repr(step)
    assert encode(back) == payload


@settings(max_examples=40)
@given(verdicts | orders | fills)
def test_its_parts_come_back_alone(thing: object) -> None:
    assert decode(encode(thing)) == thing


@settings(max_examples=40)
@given(slices, st.sampled_from([math.nan, math.inf, -math.inf]), accounts)
def test_floats_that_are_not_finite_are_told_apart_wherever_they_stand(
    event: Slice, broken: float, account: Account
) -> None:
    signal = Signal(
        at_ns=1, symbol="nan", lean=next(iter(Lean)), probability=broken, confidence=0.5, strength=-0.0, rank=1
    )
    step = Step(
        seq=1, event=event, fills=(), account=account, signals=(signal,), targets=(), verdicts=(), notes=("null", "inf")
    )
    back = decode(encode(step))
    assert encode(back) == encode(step)
    assert repr(back) == repr(step)


@settings(max_examples=100)
@given(st.dictionaries(text, plain, max_size=4))
def test_plain_facts_come_back_whatever_the_order_of_their_keys(facts: dict[str, Any]) -> None:
    assert decode(encode(facts)) == facts
    assert encode(dict(reversed(facts.items()))) == encode(facts)
