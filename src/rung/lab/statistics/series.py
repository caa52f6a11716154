"""What counts as a series of returns: numbers, all of them finite, in the order of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rung.domain.errors import UserError

Floats = NDArray[np.float64]
ROUNDING = 1e-12
TINY = 1e-100


def returns_of(values: ArrayLike, *, where: str = "returns") -> Floats:
    """`values` as (n,) float64. UserError: not one row, or a value that is NaN or infinite.

    A day without a return is left out by the caller, on purpose and in the open; nothing here takes it for a zero.
    """
    return _finite(np.asarray(values, dtype=np.float64), 1, where)


def matrix_of(values: ArrayLike, *, where: str = "returns") -> Floats:
    """`values` as (days, strategies) float64, under the same rules."""
    return _finite(np.asarray(values, dtype=np.float64), 2, where)


def periods(periods_per_year: int) -> int:
    """The number itself. UserError below 1: trading days of equities 252, of crypto 365; it is never guessed."""
    if periods_per_year < 1:
        raise UserError(
            f"{periods_per_year} periods per year make no year",
            where="periods_per_year",
            remedy="give 252 for the days of equities, 365 for those of crypto",
        )
    return periods_per_year


def is_flat(values: Floats) -> bool:
    """True when the values do not differ by more than rounding: nothing varies, so nothing is divided by it."""
    return len(values) == 0 or bool(np.ptp(values) <= max(TINY, ROUNDING * np.abs(values).max()))


def _finite(values: Floats, dimensions: int, where: str) -> Floats:
    if values.ndim != dimensions:
        wanted = "one row of numbers" if dimensions == 1 else "a matrix, days × strategies"
        raise UserError(f"{wanted} is needed, this has the shape {values.shape}", where=where)
    wrong = np.argwhere(~np.isfinite(values))
    if len(wrong):
        place = ", ".join(str(i) for i in wrong[0])
        raise UserError(
            f"{len(wrong)} of {values.size} values are not finite numbers, the first at [{place}]",
            where=where,
            remedy="leave out the days that were not measured",
        )
    return values
