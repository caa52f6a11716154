"""Every configuration ever evaluated counts: the number by which a best result must be deflated is kept, not asked for.

A trial is a strategy's code, its parameters and the bars it ran on. The same three are one trial however often they
run; any change to one of them is another. Costs, limits and capital are no choice of the strategy: the newest figures
stand. A trial is recorded before its run, so that a run that was broken off or did not please still counts. Only one
that died of an error in its own code before it had shown a result does not: nobody can have chosen by it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
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
class Seen:
    """The bars of a trial. tape_id : content id, symbols and period included.   first, last : ISO days, both included.

    Two of them share days when they have a symbol and a day in common, wherever their bars come from.
    """

    tape_id: str
    symbols: tuple[str, ...]
    first: str
    last: str

    def __post_init__(self) -> None:
        for name in ("tape_id", "symbols", "first", "last"):
            if not getattr(self, name):
                raise UserError(f"the bars of a trial need their {name}", where="trial")
        if self.last < self.first:
            raise UserError(f"{self.first} … {self.last} ends before it begins", where="trial")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One configuration on some bars.

    strategy : the family's name, under which all versions of its code are counted together.   code_id : `code_id` of
    its source.   params : every parameter's value, defaults included.   seen : its bars; of them only `tape_id` is part
    of the identity.   at_ns : when, UTC; not part of it.
    """

    strategy: str
    code_id: str
    params: Mapping[str, Any] = field(hash=False)
    seen: Seen
    at_ns: int

    def __post_init__(self) -> None:
        for name in ("strategy", "code_id"):
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
        return self.named()[0]

    def named(self) -> tuple[str, str]:
        """`trial_id` and `canonical_params`, made once: most of what counting a trial takes goes into the latter."""
        params = self.canonical_params
        parts = [self.strategy, self.code_id, params, self.seen.tape_id]
        return hashlib.sha256(json.dumps(parts).encode("ascii")).hexdigest(), params


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
    """What deflation needs. count : distinct trials on any of the days.   ratios : Sharpe ratios, per period, known of
    those on the very same bars: over fewer days they scatter more.

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

    def record(self, trials: Sequence[Trial], *, within_study: bool = False) -> int:
        """Count them, before they run. Returns how many were new.

        within_study : they run inside a study that counts its own look at what it judges. Once run by itself, a trial
        stays so: somebody has seen what it showed.
        """

    def report(self, results: Sequence[tuple[Trial, Result]]) -> None:
        """Note what they showed; counts them, too. The newest ratio of a trial stands; a run without one takes none."""

    def died(self, trial: Trial) -> None:
        """Note that its run ended with an error and showed nothing: it counts for nothing unless a result is known."""

    def tally(self, strategy: str, seen: Sequence[Seen] | None = None, but: Collection[str] = ()) -> Tally:
        """Of all trials of a strategy, or of those that share days with any of `seen`.

        but : ids left out, as far as they never ran by themselves.
        """


def code_id(source: bytes) -> str:
    """SHA-256, hexadecimal, of a strategy's source as it is: another comment is another code, which is strict."""
    return hashlib.sha256(source).hexdigest()
