"""Cross-validation: which days choose and which are judged, on planted returns; and that a judged day never speaks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rung.domain.errors import UserError
from rung.lab import invented_tapes, walk_forward
from rung.lab.campaign import Outcome, Payload
from rung.lab.cross_validating import CrossPlan, CrossResult, Spread, cross_validate
from rung.lab.optimising import open_book
from rung.lab.statistics.trials import Tally, Trial
from rung.lab.statistics.verdict import Verdict
from rung.lab.subject import Subject
from rung.market.calendar import NS_PER_DAY
from rung.market.tape import COLUMNS, Label, RawBars, Tape, make_tape

DAYS = 12
DATES = tuple(f"2025-03-{day:02d}" for day in range(1, DAYS + 1))
TWO = [{"k": 1}, {"k": 2}]
Table = dict[int, list[float]]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Forgetful:
    """A book that remembers nothing: for results that do not depend on it."""

    def record(self, trials: Any) -> int:
        return len(trials)

    def report(self, results: Any) -> None:
        return None

    def died(self, trial: Any) -> None:
        return None

    def tally(self, strategy: str, seen: Any = None, but: Any = ()) -> Tally:
        return Tally(count=1)


def paid(table: Table, payload: Payload) -> Outcome:
    """Made-up returns: by the value of `k`, one per day of the month."""
    first, last = (int(payload[end][-2:]) for end in ("start", "end"))
    returns = table[payload["values"]["k"]][first - 1 : last]
    return {"dates": list(DATES[first - 1 : last]), "returns": returns, "trades": returns}


def made_up(table: Table, **changed: Any) -> Subject:
    subject = Subject(
        name="made_up", code_id="c", work=partial(paid, table), fixed={}, defaults={"k": 0}, symbols=("X",),
        tape_ids={"X": "t"}, dates=DATES, periods_per_year=365, session_minutes=1440, interval_minutes=1.0,
        synthetic=True,
    )  # fmt: skip
    return replace(subject, **changed)


def random_table(seed: int, sets: int = 3) -> Table:
    chance = np.random.default_rng(seed)
    return {k: chance.normal(0.0, 0.01, DAYS).tolist() for k in range(sets)}


def cross(table: Table, plan: CrossPlan, **changed: Any) -> CrossResult:
    return cross_validate(made_up(table, **changed), [{"k": k} for k in table if k], plan, Forgetful())


def by_hand(table: Table, split_train: list[int]) -> int:
    """The set with the best ratio on these days, without our code."""
    ratios = {k: np.mean(np.array(row)[split_train]) / np.std(np.array(row)[split_train], ddof=1)
              for k, row in table.items() if k}  # fmt: skip
    return max(ratios, key=lambda k: ratios[k])


def test_six_groups_two_of_which_judge_are_fifteen_combinations_and_five_paths() -> None:
    result = cross(random_table(1), CrossPlan(groups=6, test_groups=2))
    assert (len(result.judged), len(result.paths)) == (15, 5)
    assert result.histories.shape == (5, DAYS)
    assert result.groups[0] == ("2025-03-01", "2025-03-02")
    assert result.groups[-1] == ("2025-03-11", "2025-03-12")


def test_every_combination_chooses_on_the_days_it_is_not_judged_on() -> None:
    table = random_table(2, sets=5)
    result = cross(table, CrossPlan(groups=4, test_groups=2))
    picked = set()
    for each in result.judged:
        tested = {day for group in each.test_groups for day in range(3 * group - 3, 3 * group)}
        picked.add(each.values["k"])
        assert each.values["k"] == by_hand(table, [day for day in range(DAYS) if day not in tested])
        assert (each.train_days, each.test_days) == (6, 6)
    assert len(picked) > 1


def test_purge_and_embargo_take_days_from_training_only() -> None:
    """Three groups of four days; the middle one judges: a day before it, and two after it, do not teach."""
    table = random_table(3)
    plan = CrossPlan(groups=3, test_groups=1, purge_minutes=1, embargo_days=1)
    result = cross(table, plan)
    assert [each.train_days for each in result.judged] == [6, 5, 7]
    assert {each.test_days for each in result.judged} == {4}
    assert result.judged[1].values["k"] == by_hand(table, [0, 1, 2, 10, 11])


def test_the_best_of_every_training_is_what_its_test_days_get_even_when_it_then_loses() -> None:
    """k = 1 earns in the first half alone, k = 2 in the second: what is judged is always the other half's winner."""
    up, down = [0.02, 0.01, 0.03] * 2, [-0.02, -0.01, -0.03] * 2
    table = {0: [0.0] * DAYS, 1: [*up, *down], 2: [*down, *up]}
    result = cross(table, CrossPlan(groups=2, test_groups=1))
    assert [each.values["k"] for each in result.judged] == [2, 1]
    np.testing.assert_allclose(result.histories, [[*down, *down]])
    np.testing.assert_allclose(result.in_sample, [*up, *up])
    assert result.outside.below_zero_frac == 1.0
    assert result.inside.low is not None
    assert result.inside.low > 0.0


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(2, 6), st.data(), st.integers(0, 2), st.integers(0, 1))
def test_every_path_covers_every_day_once_by_a_choice_that_never_saw_it(
    groups: int, draw: st.DataObject, purge: int, embargo: int
) -> None:
    """A day's planted return is found on every path; changing the returns of the judged days changes no choice."""
    plan_of = partial(CrossPlan, groups=groups, purge_minutes=purge * 1440, embargo_days=embargo, select="return")
    plan = plan_of(test_groups=draw.draw(st.integers(1, groups - 1)))
    table = random_table(draw.draw(st.integers(0, 99)), sets=4)
    try:
        result = cross(table, plan)
    except UserError:
        return  # the gaps leave nothing to learn: refused, as tests/property/test_splits.py has it
    assert len(result.paths) * groups == comb(groups, plan.test_groups) * plan.test_groups
    size = DAYS // groups
    for path, row in zip(result.paths, result.histories, strict=True):
        for day in range(DAYS):
            group = min(day // size, groups - 1)
            judged = result.judged[path.combinations[group] - 1]
            assert group + 1 in judged.test_groups
            assert row[day] == table[int(judged.values["k"])][day]
    number = draw.draw(st.integers(0, len(result.judged) - 1))
    first = result.judged[number]
    kept = [day for day in range(DAYS) if min(day // size, groups - 1) + 1 not in first.test_groups]
    other = {k: [row[day] if day in kept else -0.5 * k for day in range(DAYS)] for k, row in table.items()}
    assert cross(other, plan).judged[number].values == first.values


def test_the_judged_path_is_the_median_one_and_of_an_even_number_the_lower() -> None:
    for groups, test_groups in ((6, 2), (5, 3)):
        result = cross(random_table(4), CrossPlan(groups=groups, test_groups=test_groups))
        ratios = sorted(path.sharpe or 0.0 for path in result.paths)
        assert result.paths[result.middle].sharpe == ratios[(len(ratios) - 1) // 2]
        assert result.box.out_of_sample.days == DAYS
        shown = result.box.out_of_sample.sharpe
        assert shown is not None
        assert shown.annual == pytest.approx(result.paths[result.middle].sharpe)


def test_a_spread_counts_what_lies_below_zero_and_what_cannot_be_said() -> None:
    assert Spread.of([1.0, None, -2.0, -4.0, 3.0]) == Spread(
        count=5, known=4, low=-4.0, middle=-0.5, high=3.0, below_zero_frac=0.5
    )
    assert Spread.of([None]).middle is None


def test_noise_is_called_luck_and_an_edge_is_found() -> None:
    """400 planted days: fifty sets without skill promise much in sample, and less than nothing is left of it."""
    dates = tuple(str(np.datetime64("2024-01-01") + day) for day in range(1_000))
    chance = np.random.default_rng(5)

    def work(table: Any, payload: Payload) -> Outcome:
        first, last = dates.index(payload["start"]), dates.index(payload["end"])
        row = table[payload["values"]["k"]][first : last + 1]
        return {"dates": list(dates[first : last + 1]), "returns": row.tolist(), "trades": []}

    noise = chance.normal(0.0, 0.01, (51, len(dates)))
    grid = [{"k": k} for k in range(1, 51)]
    plan = CrossPlan(groups=6, test_groups=2)
    lucky = cross_validate(made_up({}, dates=dates, work=partial(work, noise)), grid, plan, open_book(Path("a")))
    assert lucky.inside.middle is not None
    assert lucky.outside.middle is not None
    assert lucky.inside.middle > 1.0
    assert lucky.outside.middle < lucky.inside.middle / 2
    assert lucky.box.verdict is not Verdict.BEYOND_LUCK
    skilled = noise.copy()
    skilled[7] += 0.003
    found = cross_validate(made_up({}, dates=dates, work=partial(work, skilled)), grid, plan, open_book(Path("b")))
    assert {each.values["k"] for each in found.judged} == {7}
    assert found.outside.below_zero_frac == 0.0
    assert found.box.verdict is Verdict.BEYOND_LUCK


def test_trials_are_counted_once_and_every_other_cross_validation_is_another_look() -> None:
    subject, book, plan = made_up(random_table(6, sets=4)), open_book(), CrossPlan(groups=4)
    first = cross_validate(subject, TWO, plan, book)
    again = cross_validate(subject, TWO, plan, book)
    assert (first.trials, first.looks) == (again.trials, again.looks) == (2, 1)
    other = cross_validate(subject, TWO, replace(plan, groups=3), book)
    assert (other.trials, other.looks) == (3, 2)


def test_a_sweep_of_the_same_sets_over_the_same_days_before_has_looked_at_them() -> None:
    subject, book = made_up(random_table(6)), open_book()
    swept = [
        Trial(strategy="made_up", code_id="c", params=values, seen=subject.seen(DATES[0], DATES[-1]), at_ns=1)
        for values in TWO
    ]
    book.record(swept)
    result = cross_validate(subject, TWO, CrossPlan(groups=4), book)
    assert (result.trials, result.looks) == (4, 3)


def test_frames_hold_a_row_per_combination_and_a_row_per_day() -> None:
    result = cross(random_table(7), CrossPlan(groups=6, test_groups=2))
    assert result.frame.height == 15
    assert result.frame["test_groups"].to_list()[0] == [1, 2]
    assert set(result.frame["k"]) <= {1, 2}
    assert result.frame["out_of_sample_frac"].to_list() == [each.out_of_sample_frac for each in result.judged]
    assert result.path_frame.columns == ["date", "default", *(f"path_{n}" for n in range(1, 6))]
    np.testing.assert_array_equal(result.path_frame["path_3"].to_numpy(), result.histories[2])


def test_an_interrupted_cross_validation_goes_on_where_it_was(tmp_path: Path) -> None:
    table, done = random_table(8), []

    def counting(most: int, payload: Payload) -> Outcome:
        if len(done) >= most:
            raise KeyboardInterrupt
        done.append((payload["values"]["k"], payload["start"]))
        return paid(table, payload)

    plan = CrossPlan(groups=3, test_groups=1, out=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        cross(table, plan, work=partial(counting, 4))
    result = cross(table, plan, work=partial(counting, 100))
    assert len(done) == len(set(done)) == 9  # three sets, the default among them, on three groups
    np.testing.assert_array_equal(result.histories, cross(table, replace(plan, out=None)).histories)


def test_runs_that_leave_out_a_day_are_never_stitched() -> None:
    def short(payload: Payload) -> Outcome:
        outcome = dict(paid(random_table(9), payload))
        return {**outcome, "dates": outcome["dates"][1:], "returns": outcome["returns"][1:]}

    with pytest.raises(RuntimeError, match="do not cover the days"):
        cross(random_table(9), CrossPlan(groups=3), work=short)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: CrossPlan(groups=1), "2 of 1 groups cannot judge"),
        (lambda: CrossPlan(groups=3, test_groups=3), "3 of 3 groups cannot judge"),
        (lambda: CrossPlan(groups=3, test_groups=0), "0 of 3 groups cannot judge"),
        (lambda: CrossPlan(groups=30, test_groups=15), "are 155,117,520 combinations, more than 20,000"),
        (lambda: CrossPlan(groups=10**9, test_groups=5 * 10**8), "at least 1,000,000,000 combinations"),
        (lambda: CrossPlan(select="luck"), "'luck' is no way to choose"),
        (lambda: CrossPlan(purge_minutes=-1), "a gap cannot be negative"),
        (lambda: CrossPlan(embargo_days=-1), "a gap cannot be negative"),
        (lambda: cross(random_table(1), CrossPlan(groups=13)), "12 days are too few for 13 groups"),
        (lambda: cross(random_table(1), CrossPlan(groups=6, test_groups=5)), "leaves 2 of 12 days to choose on"),
        (lambda: cross(random_table(1), CrossPlan(groups=6, embargo_days=9)), "leaves . of 12 days|nothing to learn"),
        (lambda: cross({0: [0.0] * DAYS}, CrossPlan()), "an empty grid"),
    ],
)  # fmt: skip
def test_what_cannot_be_cross_validated_is_refused_in_words(make: Any, told: str) -> None:
    with pytest.raises(UserError, match=told):
        make()


def changed_from(tape: Tape, first_ns: int) -> Tape:
    """The same tape with other prices from `first_ns` on: everything doubled, upside down in time."""
    row = int(np.searchsorted(tape.open_ns, first_ns))
    columns = {}
    for name in COLUMNS:
        values = getattr(tape, name).copy()
        values[row:] = values[row:][::-1] * (1.0 if name == "volume" else 2.0)
        columns[name] = values
    label = Label(symbol=tape.symbol, interval_ns=tape.interval_ns, source="changed", synthetic=True)
    return make_tape(RawBars(open_ns=tape.open_ns.copy(), **columns), label)


def test_on_the_desk_other_bars_on_the_judged_days_change_neither_choice_nor_training() -> None:
    (tape,) = invented_tapes("COINUSDT", days=3)
    plan, grid = CrossPlan(groups=3, test_groups=1, select="return"), ["period=30,120"]
    result = walk_forward("crossover", grid, plan, data=[tape])
    other = walk_forward("crossover", grid, plan, data=[changed_from(tape, tape.first_ns + 2 * NS_PER_DAY)])
    before, after = result.judged[2], other.judged[2]
    assert before.test_groups == (3,)
    assert (before.values, before.in_sample_frac) == (after.values, after.in_sample_frac)
    assert before.out_of_sample_frac != after.out_of_sample_frac
    assert result.path_frame.height == 3
