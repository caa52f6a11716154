"""The payload codec: every field of every domain object there and back, bit for bit, in bytes that stay the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum

import numpy as np
import pytest
from msgspec import Struct
from msgspec.structs import replace
from tests.unit.journal.made import approved, fill, order, refused, step

from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.charge import Charge, ChargeKind
from rung.domain.errors import UserError
from rung.domain.fill import Fill
from rung.domain.order import Order
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.target import Protection, Signal, Target
from rung.domain.verdicts import Approved, Refused, Violation
from rung.journal.codec import decode, encode

FIELDS = {
    Account: "at_ns currency cash_quote equity_quote peak_equity_quote session_start_equity_quote positions working "
    "closed_trades_quote",
    Approved: "order at_ns",
    Bar: "symbol open_ns interval_ns open high low close volume",
    Charge: "at_ns symbol kind amount_quote reason",
    Fill: "fill_id order_id at_ns symbol side quantity price reference_price fee_quote trigger action reason closes",
    Order: "order_id at_ns symbol side kind quantity reference_price reduce_only action reason strategy limit_price "
    "protection leverage",
    Position: "symbol quantity entry_price opened_ns mark_price entry_fees_quote protection",
    Protection: "stop_frac take_profit_frac trail_frac trail_quote",
    Refused: "order violations at_ns",
    Session: "date open_ns close_ns",
    Signal: "at_ns symbol lean probability confidence strength rank",
    Slice: "at_ns session bars",
    Step: "seq event fills account signals targets verdicts notes charges",
    Target: "at_ns symbol action weight reason strength rank protection",
    Violation: "kind gate message value limit adjusted_quantity adjusted_leverage",
}


CHARGE = Charge(
    at_ns=step().at_ns - 1, symbol="BTCUSDT", kind=ChargeKind.FUNDING, amount_quote=Decimal("-0.01"), reason="paid"
)


@pytest.mark.parametrize("cls", FIELDS, ids=lambda cls: cls.__name__)
def test_the_codec_knows_every_field_of_the_domain(cls: type[Struct]) -> None:
    """A new field fails here: give it a place at the end of its row in wire_out and wire_in, then name it above."""
    assert " ".join(cls.__struct_fields__) == FIELDS[cls]


@pytest.mark.parametrize("thing", [step(), approved(), refused(), order(), fill()], ids=lambda t: type(t).__name__)
def test_domain_objects_come_back_equal_and_of_the_same_types(thing: object) -> None:
    back = decode(encode(thing))
    assert back == thing
    assert type(back) is type(thing)
    assert encode(back) == encode(thing)
    assert repr(back) == repr(thing)


def test_what_comes_back_is_frozen_like_the_original() -> None:
    back = decode(encode(step()))
    with pytest.raises(AttributeError, match="immutable"):
        back.account.cash_quote = Decimal(0)


def mutations(thing: Struct) -> list[object]:
    """`thing` with each of its scalar fields changed in turn."""
    changed = []
    for name in thing.__struct_fields__:
        value = getattr(thing, name)
        other = another(value)
        if other is not None:
            changed.append(replace(thing, **{name: other}))
    return changed


def another(value: object) -> object | None:
    match value:
        case bool():
            return not value
        case StrEnum():
            members = list(type(value))
            return members[(members.index(value) + 1) % len(members)]
        case int():
            return value + 1
        case float():
            return math.nextafter(value, 9e99)
        case Decimal():
            return value + Decimal("0.0000001")
        case str():
            return value + "′"
        case _:
            return None


@pytest.mark.parametrize(
    "thing",
    [
        order(), fill(), approved(), refused(), step(), step().account, step().event.session,
        *step().signals[:1], *step().targets[:1], CHARGE,
    ],
    ids=lambda t: type(t).__name__,
)  # fmt: skip
def test_every_scalar_field_is_carried(thing: Struct) -> None:
    def carried(one: object) -> object:
        base = step()
        match one:
            case Account():
                return replace(base, account=one)
            case Session():
                return replace(base, event=replace(base.event, session=one))
            case Signal():
                return replace(base, signals=(one,))
            case Target():
                return replace(base, targets=(one,))
            case Charge():
                return replace(base, charges=(one,))
            case _:
                return one

    tried = [carried(one) for one in mutations(thing)]
    assert tried
    for one in tried:
        assert decode(encode(one)) == one
    assert len({encode(one) for one in [carried(thing), *tried]}) == len(tried) + 1


def test_decimals_keep_every_digit_and_their_exponent() -> None:
    for text in ("1.50", "1E+5", "-0", "0.00", "123456789012345678901234567890.123456789"):
        account = replace(step().account, cash_quote=Decimal(text))
        back = decode(encode(replace(step(), account=account)))
        assert str(back.account.cash_quote) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_broken_bar_is_recorded_as_broken(value: float) -> None:
    base = step()
    bars = {"TQQQ": replace(base.event.bars["TQQQ"], high=value), "SDS": base.event.bars["SDS"]}
    broken = replace(base, event=replace(base.event, bars=bars))
    payload = encode(broken)
    back = decode(payload)
    assert math.isnan(value) == math.isnan(back.event.bars["TQQQ"].high)
    assert math.isnan(value) or back == broken
    assert back.event.bars["SDS"] == base.event.bars["SDS"]
    assert encode(back) == payload
    assert b"null" not in payload.replace(b"null and void", b"")


def test_the_order_of_bars_and_positions_is_kept() -> None:
    base = step()
    turned = replace(base.event, bars=dict(reversed(base.event.bars.items())))
    back = decode(encode(replace(base, event=turned)))
    assert list(back.event.bars) == list(reversed(base.event.bars))


def test_a_bar_filed_under_another_name_stays_there() -> None:
    base = step()
    odd = replace(base.event, bars={"ALIAS": base.event.bars["TQQQ"]})
    back = decode(encode(replace(base, event=odd)))
    assert back.event.bars["ALIAS"].symbol == "TQQQ"


def test_numbers_out_of_a_kernel_are_recorded_as_the_numbers_they_are() -> None:
    base = step()
    plain = replace(base.signals[0], strength=0.1, rank=3)
    odd = replace(plain, strength=np.float64(0.1), rank=np.int64(3))
    assert encode(replace(base, signals=(odd,))) == encode(replace(base, signals=(plain,)))
    broken = replace(plain, strength=np.float32("inf"))
    assert decode(encode(replace(base, signals=(broken,)))).signals[0].strength == math.inf


def test_a_stranger_in_a_step_is_refused() -> None:
    odd = replace(step().signals[0], strength=object())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a Step cannot be journalled: object is not a plain value"):
        encode(replace(step(), signals=(odd,)))


def test_an_empty_step_survives() -> None:
    base = step()
    bare = replace(base, fills=(), signals=(), targets=(), verdicts=(), notes=(), event=replace(base.event, bars={}))
    assert decode(encode(bare)) == bare


def test_plain_facts_are_json_with_sorted_keys() -> None:
    assert (
        encode({"b": 1, "a": {"d": [1.5, None, True], "c": "ü"}})
        == '{"a":{"c":"ü","d":[1.5,null,true]},"b":1}'.encode()
    )
    assert decode(b'{"a":1}') == {"a": 1}


@pytest.mark.parametrize(
    "thing",
    [{"x": math.nan}, {"x": [1, {"y": math.inf}]}, [1, 2], {"x": object()}, {1j: 2}],
    ids=["NaN", "infinity inside", "no mapping", "an object", "a key that is no text"],
)
def test_what_cannot_be_told_exactly_is_refused(thing: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (the words come from the encoder)
        encode(thing)


@pytest.mark.parametrize("payload", [b'["step",2,1]', b'["quote",1,1]'])
def test_a_payload_of_a_newer_rung_asks_for_an_upgrade(payload: bytes) -> None:
    with pytest.raises(UserError, match="upgrade Rung"):
        decode(payload)


@pytest.mark.parametrize(
    "payload", [b"", b"[", b"[]", b'["step"]', b'["step",1]', b'["step",1,2]', b'["fill",1,"x",3]']
)
def test_a_broken_payload_is_said_in_one_line(payload: bytes) -> None:
    with pytest.raises(UserError, match="cannot be read back"):
        decode(payload)


def test_the_bytes_of_a_step_are_fixed_for_all_time(golden: Callable[[str, str], None]) -> None:
    """Were these bytes to change, a replay could no longer be compared with journals written before."""
    golden("journal_step.json", encode(step()).decode() + "\n")


def test_a_step_with_charges_only_adds_them_at_the_end_of_its_row() -> None:
    """So a journal from before there were charges reads as it did, and says that there were none."""
    plain, charged = step(), replace(step(), charges=(CHARGE,))
    assert decode(encode(plain)).charges == ()
    assert decode(encode(charged)) == charged
    assert encode(charged) == encode(plain)[:-1] + b',[[-1,"BTCUSDT","FUNDING","-0.01","paid"]]]'
