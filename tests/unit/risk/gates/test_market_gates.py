"""Stale, crossed, non-finite, spiking, thin or halted markets open no risk (P9)."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace
from tests.unit.risk import made

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import Refusable
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.view import View
from rung.risk.atr import AverageTrueRange
from rung.risk.gate import Gate, Observes
from rung.risk.gates.atr_stop import AtrStop
from rung.risk.gates.day_volume import DayVolume
from rung.risk.gates.end_of_day import EndOfDay
from rung.risk.gates.halted_market import HaltedMarket
from rung.risk.gates.session_open import SessionOpen
from rung.risk.gates.sound_data import SoundData
from rung.risk.gates.spiking_data import SpikingData
from rung.risk.gates.spread import Spread
from rung.risk.gates.stale_data import StaleData
from rung.risk.memory import Advice
from rung.risk.quotes import Quote

NEXT_DAY = Session(
    date="2025-09-17",
    open_ns=made.OPEN_NS + 24 * 60 * NS_PER_MINUTE,
    close_ns=made.OPEN_NS + (24 * 60 + 390) * NS_PER_MINUTE,
)

DAY = Session(date="2025-09-16", open_ns=0, close_ns=1440 * NS_PER_MINUTE)
DAY_AFTER = Session(date="2025-09-17", open_ns=DAY.close_ns, close_ns=2 * DAY.close_ns)
"""Two UTC days of a market that never closes."""


def minute(number: int, *, session: Session = made.SESSION, symbol: str = "TQQQ", **fields: float) -> Slice:
    """The slice of the minute that ends `number` minutes after the open."""
    at_ns = session.open_ns + number * NS_PER_MINUTE
    return made.slice_(made.bar(symbol, at_ns=at_ns, **fields), at_ns=at_ns, session=session)


def asked(gate: Gate, *events: Slice, symbol: str = "TQQQ") -> list[str]:
    """What the gate says at the last of the slices, after it was shown all of them."""
    if isinstance(gate, Observes):
        for event in events:
            gate.observe(event)
    return made.kinds(gate.check(made.order(symbol), made.view(events[-1]), ()))


def test_a_symbol_without_a_bar_in_this_slice_is_stale() -> None:
    assert asked(StaleData(), minute(5, symbol="SQQQ")) == ["STALE_DATA"]
    assert asked(StaleData(), minute(5)) == []


def test_a_bar_that_closed_earlier_or_later_than_the_slice_is_stale() -> None:
    for shift in (-NS_PER_MINUTE, NS_PER_MINUTE):
        event = minute(5)
        moved = replace(event.bars["TQQQ"], open_ns=event.bars["TQQQ"].open_ns + shift)
        assert asked(StaleData(), replace(event, bars={"TQQQ": moved})) == ["STALE_DATA"]


@pytest.mark.parametrize("field", ["open", "high", "low", "close", "volume"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1.0])
def test_a_value_that_is_not_a_price_or_a_volume_is_refused(field: str, value: float) -> None:
    sound = minute(5)
    broken = replace(sound.bars["TQQQ"], **{field: value})
    assert asked(SoundData(), replace(sound, bars={"TQQQ": broken})) == ["NON_FINITE_DATA"]


def test_a_volume_of_zero_is_a_quiet_minute_and_a_price_of_zero_is_not_a_price() -> None:
    assert asked(SoundData(), minute(5, volume=0.0)) == []
    assert asked(SoundData(), minute(5, low=0.0)) == ["NON_FINITE_DATA"]


@pytest.mark.parametrize("wrong", [{"high": 99.9}, {"low": 100.1}, {"open": 101.0}, {"open": 99.0}])
def test_a_bar_whose_prices_are_out_of_order_is_crossed(wrong: dict[str, float]) -> None:
    assert asked(SoundData(), minute(5, **wrong)) == ["CROSSED_DATA"]


@pytest.mark.parametrize("price", [1e-6, 0.5, 1.0])
def test_a_coin_of_less_than_a_dollar_and_a_bar_that_never_moved_are_sound(price: float) -> None:
    flat = {"open": price, "high": price, "low": price, "close": price}
    assert asked(SoundData(), minute(5, **flat)) == []
    assert asked(SoundData(), minute(5, **flat, volume=0.25)) == []


@pytest.mark.parametrize("shape", [{"open": 99.9}, {"open": 100.1}, {"close": 99.9}, {"close": 100.1}])
def test_a_bar_that_opens_or_closes_on_its_extreme_is_sound(shape: dict[str, float]) -> None:
    bar = {"open": 100.0, "high": 100.1, "low": 99.9, **shape}
    close = bar.pop("close", 100.0)
    assert asked(SoundData(), minute(5, close=close, **bar)) == []


def test_every_broken_field_is_named() -> None:
    assert len(asked(SoundData(), minute(5, open=math.nan, volume=math.nan))) == 2


def test_a_bar_may_span_exactly_five_percent_and_no_more() -> None:
    assert asked(SpikingData(0.05, 0.1), minute(5, high=102.5, low=97.5)) == []
    assert asked(SpikingData(0.05, 0.1), minute(5, high=102.51, low=97.5)) == ["SPIKING_DATA"]


def test_a_move_is_measured_against_the_close_of_the_minute_before() -> None:
    gate = SpikingData(1.0, 0.1)
    assert asked(gate, minute(4, close=100.0), minute(5, close=110.0)) == []
    assert asked(gate, minute(6, close=100.0), minute(7, close=111.0)) == ["SPIKING_DATA"]
    assert asked(gate, minute(8, close=100.0), minute(9, close=89.0)) == ["SPIKING_DATA"]


def test_a_gap_over_night_is_no_spike_of_the_first_minute() -> None:
    gate = SpikingData(0.05, 0.1)
    assert asked(gate, minute(390, close=100.0), minute(1, session=NEXT_DAY, close=150.0)) == []


def test_over_a_missing_minute_a_bar_is_measured_against_its_own_open() -> None:
    gate = SpikingData(1.0, 0.1)
    quiet = minute(5, symbol="SQQQ")
    assert asked(gate, minute(4, close=100.0), quiet, minute(6, close=150.0)) == []
    assert asked(gate, quiet, minute(7, open=100.0, close=150.0)) == ["SPIKING_DATA"]


def test_a_close_before_that_is_no_price_cannot_be_compared_with() -> None:
    gate = SpikingData(0.05, 0.1)
    with pytest.raises(Refusable):
        asked(gate, minute(4, close=math.nan), minute(5))


def test_both_a_wide_bar_and_a_far_move_are_told() -> None:
    gate = SpikingData(0.05, 0.1)
    assert len(asked(gate, minute(4, close=80.0), minute(5, high=120.0))) == 2


def test_a_market_that_stood_still_for_five_minutes_waits_for_two_bars() -> None:
    gate = HaltedMarket(gap_minutes=5, resume_bars=2)
    assert asked(gate, minute(10), minute(16)) == ["HALTED_DATA"]
    assert asked(gate, minute(17)) == []


def test_four_missing_minutes_are_no_halt() -> None:
    assert asked(HaltedMarket(gap_minutes=5, resume_bars=2), minute(10), minute(15)) == []


def test_the_night_is_no_halt_and_ends_one() -> None:
    gate = HaltedMarket(gap_minutes=5, resume_bars=2)
    assert asked(gate, minute(10), minute(390)) == ["HALTED_DATA"]
    assert asked(gate, minute(1, session=NEXT_DAY)) == []


def test_a_halt_of_one_symbol_is_no_halt_of_another() -> None:
    gate = HaltedMarket(gap_minutes=5, resume_bars=2)
    gate.observe(minute(10))
    for number in range(10, 17):
        gate.observe(minute(number, symbol="SQQQ"))
    event = replace(minute(17, symbol="SQQQ"), bars={**minute(17, symbol="SQQQ").bars, **minute(17).bars})
    assert asked(gate, event) == ["HALTED_DATA"]
    assert asked(gate, event, symbol="SQQQ") == []


def test_the_volume_of_a_day_adds_up_and_forgets_after_24_hours() -> None:
    gate = DayVolume(1_000_000)
    assert asked(gate, minute(1, volume=5_000.0)) == ["MIN_VOLUME"]
    assert asked(gate, minute(2, volume=5_000.0)) == []
    at_ns = made.OPEN_NS + 2 * NS_PER_MINUTE + 24 * 60 * NS_PER_MINUTE
    later = made.slice_(made.bar(at_ns=at_ns, volume=5_000.0), at_ns=at_ns, session=NEXT_DAY)
    assert asked(gate, later) == ["MIN_VOLUME"]


class Quotes:
    def __init__(self, bid: float, ask: float, age_seconds: float = 0.0) -> None:
        at_ns = made.NOON_NS - round(age_seconds * 1e9)
        self._quote = Quote(symbol="TQQQ", at_ns=at_ns, bid=bid, ask=ask)

    def quote(self, symbol: str) -> Quote:
        return self._quote


@pytest.mark.parametrize(
    ("quotes", "kinds"),
    [
        (Quotes(99.95, 100.05), []),  # exactly 10 bps
        (Quotes(99.94, 100.06), ["SPREAD"]),
        (Quotes(100.0, 100.0), []),
        (Quotes(100.01, 100.0), ["CROSSED_DATA"]),
        (Quotes(99.95, 100.05, age_seconds=60.0), []),
        (Quotes(99.95, 100.05, age_seconds=60.001), ["STALE_DATA"]),
    ],
)
def test_a_quote_must_be_narrow_uncrossed_and_young(quotes: Quotes, kinds: list[str]) -> None:
    gate = Spread(quotes, max_bps=10.0, max_age_seconds=60.0)
    assert made.kinds(gate.check(made.order(), made.view(), ())) == kinds


@pytest.mark.parametrize("bid", [math.nan, math.inf, 0.0, -1.0])
def test_a_quote_that_is_no_price_cannot_be_judged(bid: float) -> None:
    with pytest.raises(Refusable):
        Spread(Quotes(bid, 100.0), max_bps=10.0, max_age_seconds=60.0).check(made.order(), made.view(), ())


def noisy(bars: int) -> tuple[AtrStop, View]:
    """An adviser that has seen `bars` bars of 2 % width."""
    gate = AtrStop(1.5, AverageTrueRange())
    for number in range(1, bars + 1):
        gate.observe(minute(number, high=101.0, low=99.0))
    return gate, made.view(minute(bars, high=101.0, low=99.0))


@pytest.mark.parametrize(("stop", "remarks"), [(0.030, 0), (0.035, 0), (0.025, 0), (0.0351, 1), (0.0249, 1)])
def test_a_stop_away_from_the_noise_is_remarked_on_and_never_refused(stop: float, remarks: int) -> None:
    gate, view = noisy(14)
    order = made.order(protection=made.Protection(stop_frac=stop))
    assert len(Advice([gate]).on([order], view)) == remarks
    assert list(gate.check(order, view, ())) == []


def test_before_the_range_is_known_nothing_is_remarked() -> None:
    gate, view = noisy(13)
    assert Advice([gate]).on([made.order()], view) == ()


def test_the_average_true_range_is_wilders() -> None:
    atr = AverageTrueRange(period=3)
    closes = [100.0, 103.0, 101.0, 108.0]
    for number, close in enumerate(closes, start=1):
        atr.observe(minute(number, close=close, high=close + 1.0, low=close - 1.0))
    mean = (2.0 + 4.0 + 3.0) / 3  # high − low; 104 − 100; 103 − 100
    assert atr.atr_quote("TQQQ") == pytest.approx(mean + ((109.0 - 101.0) - mean) / 3)
    assert atr.atr_quote("SQQQ") is None


@pytest.mark.parametrize("close", [-1.0, 0.0, math.inf])
def test_a_close_that_is_no_price_cannot_be_compared_with(close: float) -> None:
    event = minute(5)
    broken = replace(event, bars={"TQQQ": replace(event.bars["TQQQ"], close=close)})
    with pytest.raises(Refusable, match="close of TQQQ"):
        asked(SpikingData(0.05, 0.1), broken)


def test_a_close_of_less_than_one_is_a_price() -> None:
    assert asked(SpikingData(0.05, 0.1), minute(5, close=0.5)) == []


@pytest.mark.parametrize(("price", "passes"), [(110.0, True), (110.01, False), (90.0, True), (89.99, False)])
@pytest.mark.parametrize("scale", [0.001, 1.0, 1e6])
def test_a_move_of_exactly_a_tenth_passes_at_any_price(price: float, passes: bool, scale: float) -> None:
    gate = SpikingData(1.0, 0.1)
    now = float(f"{price * scale:.10g}")
    assert (asked(gate, minute(4, close=100.0 * scale), minute(5, close=now)) == []) is passes


@pytest.mark.parametrize("ask", [math.nan, math.inf, 0.0, -1.0])
def test_an_ask_that_is_no_price_cannot_be_judged(ask: float) -> None:
    with pytest.raises(Refusable):
        Spread(Quotes(0.5, ask), max_bps=10.0, max_age_seconds=60.0).check(made.order(), made.view(), ())


def test_a_quote_below_one_is_a_quote() -> None:
    gate = Spread(Quotes(0.49999, 0.50001), max_bps=10.0, max_age_seconds=60.0)
    assert gate.check(made.order(), made.view(), ()) == ()


def test_a_volume_that_is_no_number_adds_nothing_and_a_small_one_does() -> None:
    gate = DayVolume(1.0)
    assert asked(gate, minute(1, volume=math.inf)) == ["MIN_VOLUME"]
    assert asked(gate, minute(2, close=0.5, volume=1.0)) == ["MIN_VOLUME"]
    assert asked(gate, minute(3, close=0.5, volume=1.0)) == []


def test_every_bar_after_a_halt_counts_once() -> None:
    gate = HaltedMarket(gap_minutes=5, resume_bars=3)
    assert asked(gate, minute(10), minute(16)) == ["HALTED_DATA"]
    assert asked(gate, minute(17)) == ["HALTED_DATA"]
    assert asked(gate, minute(18)) == []


def test_the_range_of_one_symbol_is_known_although_another_is_broken() -> None:
    atr = AverageTrueRange(period=1)
    event = minute(1)
    atr.observe(replace(event, bars={"BAD": made.bar("BAD", close=math.nan), **event.bars}))
    assert atr.atr_quote("BAD") is None
    assert atr.atr_quote("TQQQ") == pytest.approx(0.2)


def test_volume_that_grew_old_while_a_symbol_was_silent_is_left_out() -> None:
    gate = DayVolume(1.0)
    gate.observe(minute(1, volume=5_000.0))
    at_ns = made.OPEN_NS + NS_PER_MINUTE + 24 * 60 * NS_PER_MINUTE
    silent = made.slice_(made.bar("SQQQ", at_ns=at_ns), at_ns=at_ns, session=NEXT_DAY)
    assert asked(gate, silent) == ["MIN_VOLUME"]
    assert asked(gate, silent, symbol="SQQQ") == []


def test_months_of_adding_and_taking_away_lose_nothing() -> None:
    gate = DayVolume(0.0)
    for day in range(30):
        at_ns = made.OPEN_NS + day * 24 * 60 * NS_PER_MINUTE
        for symbol, volume in (("TQQQ", 0.1 + day), ("SQQQ", 1e9 + day)):
            gate.observe(made.slice_(made.bar(symbol, at_ns=at_ns, close=0.1, volume=volume), at_ns=at_ns))
    assert gate._traded("TQQQ", 0) == round(0.1 * (0.1 + 29) * 1e6)
    assert gate._traded("SQQQ", 0) == round(0.1 * (1e9 + 29) * 1e6)


def test_a_quote_from_the_future_cannot_be_judged_and_one_just_after_the_bar_can() -> None:
    def gate(ahead_seconds: float) -> Spread:
        return Spread(Quotes(99.99, 100.01, -ahead_seconds), max_bps=10.0, max_age_seconds=60.0)

    assert gate(2.0).check(made.order(), made.view(), ()) == ()
    with pytest.raises(Refusable, match="3600 s ahead"):
        gate(3600.0).check(made.order(), made.view(), ())


def test_a_market_around_the_clock_opens_at_midnight_and_has_no_last_minutes() -> None:
    assert DAY.around_the_clock
    assert not made.SESSION.around_the_clock
    assert asked(SessionOpen(), minute(1440, session=DAY)) == []
    assert asked(EndOfDay(30), minute(1440, session=DAY)) == []
    assert asked(SessionOpen(), minute(1441, session=DAY)) == ["SESSION_CLOSED"]
    assert asked(SessionOpen(), minute(390)) == ["SESSION_CLOSED"]
    assert asked(EndOfDay(30), minute(361)) == ["END_OF_DAY"]


def test_a_hole_across_midnight_is_a_halt_where_there_is_no_night() -> None:
    gate = HaltedMarket(gap_minutes=5, resume_bars=3)
    before = minute(1430, session=DAY)
    after = [minute(number, session=DAY_AFTER) for number in (1, 2, 3)]
    assert asked(gate, before, after[0]) == ["HALTED_DATA"]
    assert asked(gate, after[1]) == ["HALTED_DATA"]
    assert asked(gate, after[2]) == []


def test_a_halt_goes_on_past_midnight() -> None:
    gate = HaltedMarket(gap_minutes=5, resume_bars=3)
    assert asked(gate, minute(1430, session=DAY), minute(1440, session=DAY)) == ["HALTED_DATA"]
    assert asked(gate, minute(1, session=DAY_AFTER)) == ["HALTED_DATA"]
    assert asked(gate, minute(2, session=DAY_AFTER)) == []
