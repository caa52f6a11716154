"""The value of one position at many closes: the floats nearest to the exact decimals."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from rung.domain.decimals import exact

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
EXACT, FINEST = 2**53, 9


def marked(
    close: Floats, since: Whole, rests: Sequence[Decimal], quantities: Sequence[Decimal]
) -> tuple[Floats, Floats]:
    """(equity, gross value) per row, correctly rounded: rest + quantity × close, and the size of the latter.

    close : (n,).   since : (n,), which of `rests` and `quantities` holds in a row. Whole numbers below 2⁵³ are exact in
    float64 and one division rounds right; where they are larger, or the closes lie on no grid, it is done in decimals.
    """
    fast = _marked_whole(close, since, rests, quantities)
    if fast is not None:
        return fast
    values = [quantities[row] * exact(price) for row, price in zip(since, close.tolist(), strict=True)]
    equity = [float(rests[row] + value) for row, value in zip(since, values, strict=True)]
    return np.array(equity), np.array([float(abs(value)) for value in values])


def _marked_whole(
    close: Floats, since: Whole, rests: Sequence[Decimal], quantities: Sequence[Decimal]
) -> tuple[Floats, Floats] | None:
    """In whole numbers; None where they would be too large."""
    places = next((p for p in range(FINEST + 1) if np.array_equal(np.rint(close * 10.0**p) / 10.0**p, close)), None)
    if places is None:
        return None
    held_places = max(map(_places, quantities))
    finest = max(places + held_places, *map(_places, rests))
    held, rest = _whole(quantities, held_places), _whole(rests, finest)
    if held is None or rest is None:
        return None
    price, more = np.rint(close * 10.0**places), 10.0 ** (finest - held_places - places)
    value = held[since] * price
    largest = np.abs(value).max() * more + np.abs(rest).max() + price.max()
    if not largest < EXACT:
        return None
    return (rest[since] + value * more) / 10.0**finest, np.abs(value) / 10.0 ** (held_places + places)


def _whole(numbers: Sequence[Decimal], places: int) -> Floats | None:
    """The numbers in units of the last place, as floats; None where one would not be exact."""
    whole = [int(number.scaleb(places)) for number in numbers]
    return None if max(map(abs, whole)) >= EXACT else np.array(whole, np.float64)


def _places(number: Decimal) -> int:
    """Decimal places that say something."""
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)  # noqa: S101  (no number here is NaN or infinite)
    return max(0, -exponent)
