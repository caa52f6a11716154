"""Features on any tape: finite, scale-free, equal to their plain twins, and blind to the future."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.kernels.features.tapes import Array, Tape, apart, made, run, same_bits

from rung.kernels.features.reference import reference_features
from rung.kernels.features.registry import REGISTRY
from rung.kernels.features.step import new_state

seeds = st.integers(0, 2**32 - 1)
tapes = st.builds(
    made,
    seeds,
    sessions=st.integers(1, 4),
    minutes=st.integers(1, 300),
    tick=st.sampled_from([0.0, 0.01, 0.25]),
    missing=st.sampled_from([0.0, 0.1, 0.6]),
)
wild_price = st.one_of(st.sampled_from([1e-6, 1.0, 1.0, 1e9]), st.floats(1e-6, 1e9))
wild_bar = st.tuples(
    wild_price, wild_price, wild_price, wild_price, st.one_of(st.just(0.0), st.floats(0.0, 1e12)), st.booleans()
)


def names(flags: Array) -> list[str]:
    return [spec.name for spec, flag in zip(REGISTRY, flags, strict=True) if flag]


@settings(max_examples=60)
@given(tapes)
def test_the_step_equals_its_plain_twin_on_any_tape(tape: Tape) -> None:
    plain = reference_features(tape.bars, tape.clocks, tape.opens)
    assert names(np.abs(run(tape) - plain).max(axis=0) > 1e-6 * np.maximum(1.0, np.abs(plain).max(axis=0))) == []


@settings(max_examples=60)
@given(st.lists(wild_bar, min_size=1, max_size=120), st.integers(0, 10))
def test_whatever_the_bars_the_features_are_finite_and_the_next_sessions_are_sound(
    bars: list[tuple[float, ...]], repeats: int
) -> None:
    rows = np.array([bar[:5] for bar in bars] * (1 + repeats), dtype=np.float64)
    opens = np.array([bool(bar[5]) for bar in bars] * (1 + repeats))
    clocks = np.tile([5.0, 390.0, 1.0, 1.0], (len(rows), 1))
    state = new_state(1)[0]
    assert np.isfinite(run(Tape(rows, clocks, opens), state)).all()
    table = run(made(1), state)
    assert np.isfinite(state).all()
    assert names(~table[-390:].any(axis=0)) == []


@settings(max_examples=40)
@given(tapes, st.integers(-12, 12), st.integers(-12, 12))
def test_prices_and_volumes_in_units_of_two_to_the_k_give_the_same_bits(tape: Tape, price: int, volume: int) -> None:
    scaled = tape.bars * np.array([2.0**price] * 4 + [2.0**volume])
    assert same_bits(run(tape.with_bars(scaled)), run(tape))


@settings(max_examples=40)
@given(seeds, st.floats(1e-3, 1e3), st.floats(1e-3, 1e3), st.sampled_from([0.0, 0.01]))
def test_prices_and_volumes_in_any_units_give_the_same_features(
    seed: int, price: float, volume: float, tick: float
) -> None:
    tape = made(seed, tick=tick)
    scaled = tape.bars * np.array([price] * 4 + [volume])
    assert names(apart(run(tape.with_bars(scaled)), run(tape)) > 1e-6) == []


@settings(max_examples=40)
@given(tapes, tapes, st.floats(0.0, 1.0))
def test_another_future_changes_no_bit_of_the_past(tape: Tape, other: Tape, where: float) -> None:
    cut = int(where * (len(tape.bars) - 1)) + 1
    future = Tape(*(np.concatenate([getattr(a, f)[s] for a, s in ((tape, slice(cut)), (other, slice(None)))])
                    for f in ("bars", "clocks", "opens")))  # fmt: skip
    past = run(tape[:cut])
    assert same_bits(past, run(tape)[:cut])
    assert same_bits(past, run(future)[:cut])
