"""Splits: nothing that teaches touches what judges, every row is judged as often as it is said, skfolio agrees."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from skfolio.model_selection import CombinatorialPurgedCV
from skfolio.model_selection import WalkForward as TheirWalkForward

from rung.domain.errors import UserError
from rung.lab.splits import CombinatorialPurged, Split, WalkForward

GAPS = st.integers(0, 6)


@st.composite
def combinatorial(draw: st.DrawFn) -> tuple[CombinatorialPurged, int]:
    folds = draw(st.integers(2, 7))
    plan = CombinatorialPurged(
        folds=folds, test_folds=draw(st.integers(1, folds - 1)), purge=draw(GAPS), embargo=draw(GAPS)
    )
    rows = draw(st.integers(folds, 200))
    return plan, rows


def split_or_skip(plan: CombinatorialPurged, rows: int) -> list[Split]:
    try:
        return list(plan.splits(rows))
    except UserError:
        assume(False)
        raise


def assert_kept_apart(split: Split, purge: int, embargo: int) -> None:
    """Before every test row `purge` rows do not teach, after it `purge + embargo`; no test row teaches."""
    teaches = set(split.train.tolist())
    for row in split.test.tolist():
        assert not teaches & set(range(row - purge, row + purge + embargo + 1))


@given(combinatorial())
def test_no_row_that_teaches_is_within_purge_or_embargo_of_a_row_that_judges(
    plan: tuple[CombinatorialPurged, int],
) -> None:
    for split in split_or_skip(*plan):
        assert_kept_apart(split, plan[0].purge, plan[0].embargo)


@given(combinatorial())
def test_no_row_is_left_out_of_training_without_a_reason(plan: tuple[CombinatorialPurged, int]) -> None:
    purge, embargo = plan[0].purge, plan[0].embargo
    for split in split_or_skip(*plan):
        judged = set(split.test.tolist())
        for row in set(range(plan[1])) - set(split.train.tolist()):
            assert judged & set(range(row - purge - embargo, row + purge + 1))


@given(combinatorial())
def test_every_row_is_judged_as_often_as_there_are_paths(plan: tuple[CombinatorialPurged, int]) -> None:
    splits = split_or_skip(*plan)
    judged = np.bincount(np.concatenate([split.test for split in splits]), minlength=plan[1])
    assert set(judged) == {plan[0].paths}
    assert len(splits) == plan[0].count == comb(plan[0].folds, plan[0].test_folds)
    assert plan[0].paths * plan[0].folds == plan[0].count * plan[0].test_folds


@given(combinatorial())
def test_rebuilt_paths_are_whole_and_every_result_is_used_once(plan: tuple[CombinatorialPurged, int]) -> None:
    splits = split_or_skip(*plan)
    results = [number * 1_000.0 + split.test for number, split in enumerate(splits)]
    paths = plan[0].rebuild(plan[1], results)
    assert paths.shape == (plan[0].paths, plan[1])
    assert (paths % 1_000 == np.arange(plan[1])).all()
    assert sorted(paths.ravel()) == sorted(np.concatenate(results))
    bounds = np.minimum(np.arange(plan[1]) // (plan[1] // plan[0].folds), plan[0].folds - 1)
    assert (paths // 1_000 == plan[0].path_splits()[:, bounds]).all()


@given(st.integers(3, 7), st.data(), GAPS, GAPS)
def test_the_combinatorial_splits_are_skfolio_s(folds: int, data: st.DataObject, purge: int, embargo: int) -> None:
    test_folds, rows = data.draw(st.integers(2, folds - 1)), data.draw(st.integers(folds * (purge + embargo + 2), 250))
    assume(purge + embargo < rows // folds - 1)
    plan = CombinatorialPurged(folds=folds, test_folds=test_folds, purge=purge, embargo=embargo)
    theirs = CombinatorialPurgedCV(n_folds=folds, n_test_folds=test_folds, purged_size=purge, embargo_size=embargo)
    ours = split_or_skip(plan, rows)
    assert (plan.count, plan.paths) == (theirs.n_splits, theirs.n_test_paths)
    for split, (train, tests) in zip(ours, theirs.split(np.zeros((rows, 1))), strict=True):
        assert np.array_equal(split.train, train)
        assert np.array_equal(split.test, np.concatenate(tests))
    assert np.array_equal(plan.path_splits(), theirs.recombined_paths.T)


WALKS = st.builds(
    WalkForward,
    train=st.integers(1, 40), test=st.integers(1, 20), anchored=st.booleans(), purge=GAPS, embargo=GAPS,
)  # fmt: skip


@given(WALKS, st.integers(0, 200))
def test_a_walk_learns_only_from_what_lies_far_enough_before(plan: WalkForward, rows: int) -> None:
    assume(plan.count(rows) > 0)
    splits = list(plan.splits(rows))
    assert len(splits) == plan.count(rows)
    for split in splits:
        assert split.test[0] - split.train[-1] == 1 + plan.purge + plan.embargo
        assert_kept_apart(split, plan.purge + plan.embargo, 0)
        assert len(split.test) == plan.test
        assert (split.train[0] == 0) if plan.anchored else (len(split.train) == plan.train)


@given(WALKS, st.integers(0, 200))
def test_a_walk_judges_every_row_after_the_first_training_once_but_for_a_rest(plan: WalkForward, rows: int) -> None:
    assume(plan.count(rows) > 0)
    judged = np.concatenate([split.test for split in plan.splits(rows)])
    first = plan.train + plan.purge + plan.embargo
    assert np.array_equal(judged, np.arange(first, first + len(judged)))
    assert 0 <= rows - (judged[-1] + 1) < plan.test


@given(WALKS, st.integers(0, 200))
def test_the_walk_is_skfolio_s(plan: WalkForward, rows: int) -> None:
    assume(plan.count(rows) > 0)
    theirs = TheirWalkForward(
        test_size=plan.test, train_size=plan.train, expand_train=plan.anchored, purged_size=plan.purge + plan.embargo
    )
    for split, (train, test) in zip(plan.splits(rows), theirs.split(np.zeros((rows, 1))), strict=True):
        assert np.array_equal(split.train, train)
        assert np.array_equal(split.test, test)


def test_the_book_s_example_has_fifteen_splits_and_five_paths() -> None:
    """López de Prado (2018), figure 12.1: six groups, two of them judge."""
    plan = CombinatorialPurged(folds=6, test_folds=2)
    assert (plan.count, plan.paths) == (15, 5)


@pytest.mark.parametrize(
    "make",
    [
        lambda: list(WalkForward(train=50, test=10, purge=5).splits(64)),
        lambda: WalkForward(train=0, test=10),
        lambda: WalkForward(train=5, test=10, purge=-1),
        lambda: CombinatorialPurged(folds=5, test_folds=5),
        lambda: CombinatorialPurged(folds=30, test_folds=15),
        lambda: CombinatorialPurged(folds=5, test_folds=2, embargo=-1),
        lambda: list(CombinatorialPurged(folds=10, test_folds=2).splits(9)),
        lambda: list(CombinatorialPurged(folds=4, test_folds=2, purge=50).splits(100)),
        lambda: CombinatorialPurged(folds=3, test_folds=1).rebuild(9, [np.zeros(3)]),
        lambda: CombinatorialPurged(folds=3, test_folds=1).rebuild(9, [np.zeros(2)] * 3),
    ],
)
def test_splits_that_cannot_be_are_refused(make: object) -> None:
    with pytest.raises(UserError):
        make()  # type: ignore[operator]
