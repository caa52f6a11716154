"""Which days teach and which days judge: walk-forward and combinatorial purged splits.

An observation's label may reach `purge` observations into the future; features may remember `embargo` observations of
the past beyond that. Nothing that teaches may touch what judges. Source: López de Prado (2018), chapters 7 and 12.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from rung.domain.errors import UserError

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]
MAX_SPLITS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Row numbers, ascending: those to learn from and those to be judged by, one array per block of test rows."""

    train: Rows
    tests: tuple[Rows, ...]

    @property
    def test(self) -> Rows:
        return np.concatenate(self.tests)


@dataclass(frozen=True, slots=True, kw_only=True)
class WalkForward:
    """Learn, judge what follows, step on by as much as was judged.

    train, test : rows of each.   anchored : every training begins at the first row and grows; else a window of `train`
    rows moves along.   purge, embargo : rows left out between training and test, one after the other (no training
    row follows its test, so both lie on the same side).   Rows at the end that fill no test are not judged.
    """

    train: int
    test: int
    anchored: bool = False
    purge: int = 0
    embargo: int = 0

    def __post_init__(self) -> None:
        if self.train < 1 or self.test < 1:
            raise UserError("training and test need a row each", where="train, test")
        _check_gaps(self.purge, self.embargo)

    def count(self, rows: int) -> int:
        """How many splits so many rows give."""
        return max(0, (rows - self.train - self.purge - self.embargo) // self.test)

    def splits(self, rows: int) -> Iterator[Split]:
        """In the order of time. UserError: not even one fits."""
        gap, count = self.purge + self.embargo, self.count(rows)
        if count == 0:
            raise UserError(
                f"too short ({rows} rows, needs {self.train + gap + self.test})", where="walk-forward",
                remedy="shorten training or test",
            )  # fmt: skip
        for number in range(count):
            end = self.train + number * self.test
            begin = end + gap
            yield Split(
                train=np.arange(0 if self.anchored else end - self.train, end),
                tests=(np.arange(begin, begin + self.test),),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinatorialPurged:
    """Every choice of `test_folds` among `folds` equal, consecutive folds judges once; the others teach.

    The last fold takes the rows that are left over. From training are taken the `purge` rows before every test fold
    and the `purge + embargo` rows after it. Every row is judged `paths` times; together the tests make `paths` whole
    histories, each judged by models that never saw the rows they judge.
    """

    folds: int = 10
    test_folds: int = 2
    purge: int = 0
    embargo: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.test_folds < self.folds:
            raise UserError(
                f"{self.test_folds} of {self.folds} groups cannot judge: one at least judges, and one teaches",
                where="groups, test groups",
            )
        if self.folds > MAX_SPLITS or self.count > MAX_SPLITS:
            many = f"{self.count:,}" if self.folds <= 1_000 else f"at least {self.folds:,}"
            raise UserError(
                f"{self.test_folds} of {self.folds} groups are {many} combinations, more than {MAX_SPLITS:,}",
                where="groups, test groups",
                remedy="use fewer groups",
            )
        _check_gaps(self.purge, self.embargo)

    @property
    def count(self) -> int:
        """Splits: C(folds, test_folds)."""
        return comb(self.folds, self.test_folds)

    @property
    def paths(self) -> int:
        """Whole histories: C(folds − 1, test_folds − 1), as often as each fold is judged."""
        return comb(self.folds - 1, self.test_folds - 1)

    def splits(self, rows: int) -> Iterator[Split]:
        """In lexical order of their test folds. UserError: a fold without a row, a split with nothing to learn from."""
        bounds = self.bounds(rows)
        for chosen in self.choices():
            teaches = np.ones(rows, dtype=np.bool_)
            for fold in chosen:
                first, end = bounds[fold], bounds[fold + 1]
                teaches[max(0, first - self.purge) : end + self.purge + self.embargo] = False
            if not teaches.any():
                raise UserError(
                    f"purge {self.purge} and embargo {self.embargo} leave nothing to learn", where="purge, embargo",
                    remedy="use fewer test groups or smaller gaps",
                )  # fmt: skip
            yield Split(
                train=np.flatnonzero(teaches),
                tests=tuple(np.arange(bounds[fold], bounds[fold + 1]) for fold in chosen),
            )

    def path_splits(self) -> Rows:
        """(paths, folds): the number of the split whose model judges that fold of that path."""
        judged: list[list[int]] = [[] for _ in range(self.folds)]
        for number, chosen in enumerate(self.choices()):
            for fold in chosen:
                judged[fold].append(number)
        return np.array(judged, dtype=np.intp).T

    def rebuild(self, rows: int, judged: Sequence[Floats]) -> Floats:
        """(paths, rows): whole histories from what each split's tests gave.

        judged : one array per split, in order: results of its `test` rows.   UserError: lengths that do not fit.
        """
        bounds, choices = self.bounds(rows), self.choices()
        if len(judged) != self.count:
            raise UserError(f"{len(judged)} results for {self.count} splits", where="judged")
        histories = np.full((self.paths, rows), np.nan)
        seen = [0] * self.folds
        for chosen, results in zip(choices, judged, strict=True):
            if len(results) != sum(bounds[f + 1] - bounds[f] for f in chosen):
                raise UserError("a split's results are not as many as its test rows", where="judged")
            at = 0
            for fold in chosen:
                first, end = bounds[fold], bounds[fold + 1]
                histories[seen[fold], first:end] = results[at : at + end - first]
                seen[fold] += 1
                at += end - first
        return histories

    def choices(self) -> list[tuple[int, ...]]:
        """The test folds of every split, in the order of `splits`."""
        return list(combinations(range(self.folds), self.test_folds))

    def bounds(self, rows: int) -> list[int]:
        """(folds + 1,) first row of every fold, and the number of rows. UserError: fewer rows than folds."""
        size = rows // self.folds
        if size < 1:
            raise UserError(f"too short ({rows} rows, needs {self.folds})", where="groups", remedy="use fewer groups")
        return [*(fold * size for fold in range(self.folds)), rows]


def _check_gaps(purge: int, embargo: int) -> None:
    if purge < 0 or embargo < 0:
        raise UserError("a gap cannot be negative", where="purge, embargo")
