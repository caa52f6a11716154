"""The honesty box says plainly: cannot tell, luck can explain it, luck hardly explains it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tests.unit.lab.statistics.test_sharpe import ar1

from rung.domain.errors import UserError
from rung.lab.statistics.sharpe import sharpe_ratio
from rung.lab.statistics.trials import Tally
from rung.lab.statistics.verdict import WORTH_FINDING, Honesty, Verdict, honesty, verdict_on

ONCE = Tally(count=1)


def exactly(annual: float, days: int, seed: int = 1) -> np.ndarray:
    """Noise shifted so that its annual Sharpe ratio is `annual`."""
    noise = np.random.default_rng(seed).normal(0.0, 0.01, days)
    return noise - noise.mean() + annual / np.sqrt(252) * noise.std(ddof=1)


def judged(inside: np.ndarray, outside: np.ndarray, trials: int = 1, looks: Tally = ONCE) -> Honesty:
    return honesty(inside, outside, Tally(count=trials), looks, 252, np.random.default_rng(7))


def test_a_few_days_cannot_tell_whatever_they_earned() -> None:
    found = judged(exactly(3.0, 500), exactly(40.0, 7))
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.sentences[0] == "Cannot tell: too short (7 days, needs 30)."


def test_a_short_record_says_how_long_it_would_have_to_be() -> None:
    found = judged(exactly(3.0, 500), exactly(2.0, 120))
    needed = found.out_of_sample.needed_days
    assert found.verdict is Verdict.CANNOT_TELL
    assert needed is not None
    assert found.sentences[0] == f"Cannot tell: too short (120 days, needs {needed})."
    assert judged(exactly(3.0, 500), exactly(2.0, needed + 30)).verdict is Verdict.BEYOND_LUCK


@pytest.mark.parametrize("days", [8, 29, 60, 393])
@pytest.mark.parametrize("looks", [1, 20])
@pytest.mark.parametrize("annual", [-3.0, 0.1, 1.2, 2.0])
def test_what_is_needed_is_always_more_than_what_there_is(days: int, looks: int, annual: float) -> None:
    found = judged(exactly(1.0, 50), exactly(annual, days), looks=Tally(count=looks))
    if found.verdict is Verdict.CANNOT_TELL:
        needs = re.fullmatch(r"Cannot tell: too short \((\d+) days, needs ([\d,]+)\)\.", found.sentences[0])
        assert needs is not None
        assert int(needs[1]) == days < int(needs[2].replace(",", ""))


def test_a_short_record_that_lost_by_its_swings_still_needs_more() -> None:
    swings = np.where(np.random.default_rng(2).permutation(np.arange(300)) % 2, 0.33, -0.27)
    found = judged(exactly(1.0, 50), swings)
    assert found.sentences[0] == "Cannot tell: too short (300 days, needs 394)."


def test_a_short_loss_is_not_yet_a_verdict() -> None:
    found = judged(exactly(3.0, 500), exactly(-1.0, 100))
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.sentences[0] == f"Cannot tell: too short (100 days, needs {found.enough_days})."
    assert found.enough_days == 394


def test_nothing_kept_out_of_sample_proves_nothing() -> None:
    found = judged(exactly(9.0, 500), np.array([]))
    assert found.verdict is Verdict.CANNOT_TELL
    assert found.sentences[0] == "Cannot tell: nothing was kept out of sample."


def test_a_strategy_that_never_traded_is_told_so() -> None:
    assert judged(np.zeros(300), np.zeros(300)).sentences == (
        "Cannot tell: nothing happened in 300 days.",
        "There is no record of the days it was chosen on.",
    )


def test_a_long_record_without_an_edge_is_luck() -> None:
    found = judged(exactly(3.0, 500), exactly(0.3, 700), trials=200)
    assert found.verdict is Verdict.WITHIN_LUCK
    assert found.sentences[0].startswith(
        "Luck can explain it: without skill, so good a record comes with probability 3"
    )
    assert found.sentences[2] == "Out of sample it is 0.30 (standard error 0.60) over 700 days."
    assert found.sentences[3] == "That is 10.0% of what was promised."


def test_a_long_loss_needs_no_luck() -> None:
    found = judged(exactly(3.0, 500), exactly(-0.5, 700))
    assert found.verdict is Verdict.WITHIN_LUCK
    assert found.sentences[0].startswith("There is nothing for luck to explain: it lost ")
    assert "less than nothing" in found.sentences[3]


def test_a_mean_above_zero_that_lost_money_by_its_swings_is_no_skill() -> None:
    """Days of +33 % and −27 %: a ratio of 0.1 a day, and 3 % lost every other day."""
    swings = np.where(np.random.default_rng(2).permutation(np.arange(1_000)) % 2, 0.33, -0.27)
    found = judged(exactly(1.0, 500), swings)
    assert found.out_of_sample.psr is not None
    assert found.out_of_sample.psr > 0.95
    assert found.verdict is Verdict.WITHIN_LUCK
    assert found.sentences[0] == "There is nothing for luck to explain: it lost 100.0% out of sample."


@pytest.mark.parametrize("days", [60, 200, 700])
def test_a_loss_beyond_bad_luck_is_told_however_short_the_record(days: int) -> None:
    found = judged(exactly(3.0, 500), exactly(-8.0, days))
    assert found.verdict is Verdict.LOSES
    assert re.match(r"It lost \d+\.\d% out of sample, and bad luck hardly explains it: pro", found.sentences[0])
    assert judged(exactly(3.0, 500), exactly(-8.0, 29)).verdict is Verdict.CANNOT_TELL


def test_a_long_record_with_an_edge_is_beyond_luck() -> None:
    found = judged(exactly(2.5, 500), exactly(2.5, 700))
    assert found.verdict is Verdict.BEYOND_LUCK
    assert found.sentences[0] == (
        "Luck hardly explains it: without skill, so good a record comes with probability less than 0.1%."
    )


def test_days_that_were_looked_at_often_are_deflated_too() -> None:
    once, often = exactly(1.4, 600), Tally(count=500)
    assert judged(once, once).verdict is Verdict.BEYOND_LUCK
    found = judged(once, once, looks=often)
    assert found.verdict is not Verdict.BEYOND_LUCK
    assert any("looked at 500 times" in sentence for sentence in found.sentences)


def test_more_looks_need_more_days() -> None:
    few, many = (judged(exactly(1, 300), exactly(1, 300), looks=Tally(count=n)).enough_days for n in (1, 50))
    assert many > 1.5 * few


def test_the_sentence_on_choosing_tells_the_luck_of_the_best_of_so_many() -> None:
    said = judged(exactly(1.0, 500), exactly(1.0, 500), trials=240).sentences[1]
    assert said.startswith(
        "In sample the Sharpe ratio is 1.00 (standard error 0.71), not above the 2.01 of the best of 240 trials"
        " that scatter like these around zero; by luck alone the best of as many is as good with probability "
    )


def test_both_sides_are_measured_alike() -> None:
    row = exactly(1.0, 300)
    found = judged(row, row)
    assert found.in_sample.sharpe == found.out_of_sample.sharpe == sharpe_ratio(row, 252)
    assert found.in_sample.total_frac == found.out_of_sample.total_frac
    assert found.in_sample.total_interval is not None


def test_runs_of_like_days_weaken_the_verdict_and_are_told() -> None:
    row = ar1(np.random.default_rng(3), 700, 0.5)
    row = row - row.mean() + 1.5 / np.sqrt(252) * row.std(ddof=1)
    found = judged(row, row)
    independent = judged(row, np.random.default_rng(1).permutation(row))
    assert found.out_of_sample.psr is not None
    assert independent.out_of_sample.psr is not None
    assert found.out_of_sample.psr < independent.out_of_sample.psr
    assert found.out_of_sample.deflated is not None
    assert found.out_of_sample.deflated.probability == found.out_of_sample.psr
    assert found.out_of_sample.deflated.chance == pytest.approx(1.0 - found.out_of_sample.psr)
    assert any("resemble the days before them" in sentence for sentence in found.sentences)
    assert not any("resemble the days before them" in sentence for sentence in independent.sentences)


def test_the_same_seed_gives_the_same_box() -> None:
    assert judged(exactly(1.0, 200), exactly(1.0, 200)) == judged(exactly(1.0, 200), exactly(1.0, 200))


@pytest.mark.parametrize("annual", [-2.0, 0.5, 2.5])
@pytest.mark.parametrize("days", [20, 100, 700])
def test_the_verdict_alone_is_the_one_in_the_box(annual: float, days: int) -> None:
    looks = Tally(count=3)
    box = judged(exactly(1.0, 100), exactly(annual, days), looks=looks)
    assert verdict_on(exactly(annual, days), looks, 252) is box.verdict


def test_a_strategy_that_was_never_counted_is_refused() -> None:
    with pytest.raises(UserError, match="0 trials"):
        judged(exactly(1.0, 200), exactly(1.0, 200), trials=0)


def test_the_box_lets_few_without_skill_pass_and_most_of_those_worth_finding() -> None:
    rng, lucky, found, runs, days = np.random.default_rng(12), 0, 0, 800, 420
    for _ in range(runs):
        noise = rng.normal(0.0, 0.01, days)
        lucky += verdict_on(noise, ONCE, 252) is Verdict.BEYOND_LUCK
        found += verdict_on(noise + 0.01 * WORTH_FINDING / np.sqrt(252), ONCE, 252) is Verdict.BEYOND_LUCK
    assert 0.02 < lucky / runs < 0.065
    assert 0.76 < found / runs < 0.88
