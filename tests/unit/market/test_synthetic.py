"""The invented market: the same for the same seed, shaped like a market, and labelled wherever it goes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.unit.market.made import calendar, same_bars

from rung.domain.errors import UserError
from rung.market.calendar import AlwaysOpen
from rung.market.catalogue import Catalogue
from rung.market.checks import FindingKind, check_tape
from rung.market.new_york import NS_PER_DAY, minute_of_day, wall_ns
from rung.market.synthetic import UNIVERSE, SyntheticEtf, invent_market
from rung.market.tape import Tape, find_flaw
from rung.market.tape_file import place_tape

DAYS = 40


@pytest.fixture(scope="module")
def market() -> dict[str, Tape]:
    return {tape.symbol: tape for tape in invent_market(calendar(DAYS), "2025-09-16", DAYS, seed=7)}


def returns(tape: Tape) -> np.ndarray:
    """Close-to-close returns of minutes that follow each other within a day."""
    within = np.diff(tape.open_ns) == tape.interval_ns
    return np.diff(np.log(tape.close))[within]


def test_the_same_seed_gives_the_same_bars_and_another_seed_others() -> None:
    first, again, other = (invent_market(calendar(), "2025-09-16", 2, seed) for seed in (7, 7, 8))
    assert [tape.content_id for tape in first] == [tape.content_id for tape in again]
    assert not {tape.content_id for tape in first} & {tape.content_id for tape in other}


def test_the_first_days_do_not_depend_on_how_many_follow(market: dict[str, Tape]) -> None:
    for short in invent_market(calendar(), "2025-09-16", 2, seed=7):
        long = market[short.symbol]
        assert np.array_equal(long.close[: len(short)], short.close)
        assert np.array_equal(long.volume[: len(short)], short.volume)


def test_a_symbol_does_not_depend_on_its_company() -> None:
    (alone,) = invent_market(calendar(), "2025-09-16", 2, 7, [UNIVERSE[3]])
    together = invent_market(calendar(), "2025-09-16", 2, 7)[3]
    assert same_bars(alone, together)


def test_every_tape_is_sound_and_in_whole_cents(market: dict[str, Tape]) -> None:
    for tape in market.values():
        assert find_flaw(tape) is None
        assert (tape.high >= np.maximum(tape.open, tape.close)).all()
        assert (tape.low <= np.minimum(tape.open, tape.close)).all()
        assert np.array_equal(np.round(tape.close, 2), tape.close)
        assert (tape.volume >= 1).all()


def test_leverage_shows_in_the_returns(market: dict[str, Tape]) -> None:
    bull, bear = returns(market["TQQQ"]), returns(market["SQQQ"])
    assert np.corrcoef(bull, bear)[0, 1] < -0.95
    assert bull.std() / returns(market["SDS"]).std() == pytest.approx(3 / 1.8, rel=0.15)
    index = invent_market(calendar(DAYS), "2025-09-16", DAYS, 7, [SyntheticEtf(symbol="X", volatility_beta=1.0)])[0]
    assert np.corrcoef(bull, returns(index))[0, 1] < -0.7


def test_the_day_is_lively_at_its_ends(market: dict[str, Tape]) -> None:
    tape = market["TQQQ"]
    minute = minute_of_day(wall_ns(tape.open_ns)) - 570
    ranges = (tape.high - tape.low) / tape.close
    noon = (minute > 150) & (minute < 210)
    for lively in (minute < 15, minute >= 375):
        assert ranges[lively].mean() > 1.5 * ranges[noon].mean()
        assert tape.volume[lively].mean() > 1.5 * tape.volume[noon].mean()


def test_volatility_clusters_but_returns_cannot_be_predicted(market: dict[str, Tape]) -> None:
    moves = returns(market["TQQQ"])
    size = np.abs(moves)
    assert np.corrcoef(size[1:], size[:-1])[0, 1] > 0.2
    assert abs(np.corrcoef(moves[1:], moves[:-1])[0, 1]) < 0.06


def test_nights_move_prices(market: dict[str, Tape]) -> None:
    tape = market["TQQQ"]
    new_day = np.flatnonzero(np.diff(tape.open_ns // NS_PER_DAY)) + 1
    nights = tape.open[new_day] / tape.close[new_day - 1] - 1
    assert nights.std() > 0.003


def test_thin_funds_miss_minutes_and_an_early_close_is_kept() -> None:
    made = invent_market(calendar(lengths={1: 210}), "2025-09-16", 2, 7)
    by_symbol = {tape.symbol: tape for tape in made}
    assert len(by_symbol["TQQQ"]) == 600
    assert 540 < len(by_symbol["SVXY"]) < 590


def test_the_label_survives_writing_caching_and_checking(market: dict[str, Tape], tmp_path: Path) -> None:
    place_tape(market["UVXY"], tmp_path / "tapes")
    catalogue = Catalogue(tmp_path / "tapes", tmp_path / "cache")
    for back in (catalogue.tape("UVXY"), catalogue.tape("UVXY")):
        assert (back.synthetic, back.source) == (True, "synthetic seed=7")
        assert same_bars(back, market["UVXY"])
        report = check_tape(back, calendar(DAYS))
        assert report.synthetic
        assert any(warning.startswith("synthetic") for warning in report.warnings)
        assert not [f for f in report.findings if f.kind in (FindingKind.OHLC, FindingKind.SPLIT, FindingKind.NO_BARS)]


def test_synthetic_bars_never_replace_real_ones(market: dict[str, Tape], tmp_path: Path) -> None:
    (path,) = (place_tape(tape, tmp_path)[0] for tape in [_real(market["TQQQ"])])
    with pytest.raises(UserError, match="synthetic bars must not replace"):
        place_tape(market["TQQQ"], tmp_path, replace=True)
    path.write_bytes(b"a file that cannot be read may be real too")
    with pytest.raises(UserError, match="synthetic bars must not replace"):
        place_tape(market["TQQQ"], tmp_path)


@pytest.mark.parametrize("days", [0, -1])
def test_no_days_are_no_market(days: int) -> None:
    with pytest.raises(UserError, match="cannot be invented"):
        invent_market(AlwaysOpen(), "2025-09-16", days, 7)


def _real(tape: Tape) -> Tape:
    import dataclasses

    return dataclasses.replace(tape, synthetic=False, source="a vendor")
