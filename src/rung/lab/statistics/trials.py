"""Every configuration ever evaluated counts: the number by which a best result must be deflated is kept, not asked for.

A trial is a strategy's code, its parameters and the tape it ran on. The same three are one trial however often they
run; any change to one of them is another. A trial is recorded before its run, so that a run that was broken off or
did not please still counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Protocol

import numpy as np

from rung.config.identity import plain
from rung.domain.errors import UserError
from rung.lab.statistics.psr import variance_without_skill

MIN_RATIOS = 5
"""Fewer known ratios than this say little of their variance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One configuration on one tape.

    strategy : the family's name, under which all versions of its code are counted together.   code_id : `code_id` of
    its source.   params : every parameter's value, defaults included.   tape_id : content id of the bars it sees,
    symbols and period included.   at_ns : when, UTC; not part of the identity.
    """

    strategy: str
    code_id: str
    params: Mapping[str, Any] = field(hash=False)
    tape_id: str
    at_ns: int

    def __post_init__(self) -> None:
        for name in ("strategy", "code_id", "tape_id"):
            if not getattr(self, name):
                raise UserError(f"a trial needs its {name}", where="trial")

    @property
    def canonical_params(self) -> str:
        """JSON that does not depend on the order of keys or on how a number is written. UserError: NaN, odd types."""
        try:
            return json.dumps(plain(self.params), sort_keys=True, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError, OverflowError) as error:
            raise UserError(f"the parameters of a trial have no canonical form: {error}", where=self.strategy) from None

    @property
    def trial_id(self) -> str:
        """SHA-256, hexadecimal, of strategy, code, parameters and tape."""
        parts = [self.strategy, self.code_id, self.canonical_params, self.tape_id]
        return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a trial showed. sharpe : per period, None when it had none.   days : observations behind it."""

    sharpe: float | None
    days: int

    def __post_init__(self) -> None:
        if self.sharpe is not None and not isfinite(self.sharpe):
            raise UserError("a Sharpe ratio is a finite number or absent", where="result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What deflation needs. count : distinct trials.   ratios : Sharpe ratios known of them, per period.

    counted : False when no book was kept and `count` is only the run itself.
    """

    count: int
    ratios: tuple[float, ...] = ()
    counted: bool = True

    def sharpe_variance(self, days: int) -> float:
        """Variance (n − 1) of the trials' ratios, per period; that of skill-less ones when too few are known.

        days : length of the record that is judged.
        """
        if len(self.ratios) < MIN_RATIOS:
            return variance_without_skill(days)
        return float(np.var(self.ratios, ddof=1))


class TrialBook(Protocol):
    """Remembers trials for good. Nothing is ever taken out; two processes may write at once."""

    def record(self, trials: Sequence[Trial]) -> int:
        """Count them, before they run. Returns how many were new."""

    def report(self, results: Sequence[tuple[Trial, Result]]) -> None:
        """Note what they showed; counts them, too. The first result of a trial stands."""

    def tally(self, strategy: str, tape_id: str | None = None) -> Tally:
        """Of all trials of a strategy, or of those on one tape."""


def code_id(source: bytes) -> str:
    """SHA-256, hexadecimal, of a strategy's source as it is: another comment is another code, which is strict."""
    return hashlib.sha256(source).hexdigest()
