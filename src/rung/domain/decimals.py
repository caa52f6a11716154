"""Where float64 prices become exact decimals."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache

from msgspec import convert


@lru_cache(maxsize=65_536)
def exact(value: float) -> Decimal:
    """The shortest decimal that reads back as `value`, as a person would write it: 45.12 stays 45.12.

    NaN and infinities stay what they are. Remembered, because one close is asked for by sizing, gates and books.
    """
    return convert(float(value), Decimal)
