"""The extra `lab`: libraries that are imported when they are needed, and named when they are missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rung.domain.errors import UserError


@contextmanager
def extra_lab() -> Iterator[None]:
    """Around an import of `arch`. UserError when it is not installed."""
    try:
        yield
    except ImportError:
        raise UserError("resampling needs the library arch", remedy="pip install 'rung[lab]'") from None
