"""The extra `lab`: libraries that are imported when they are needed, and named when they are missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from rung.domain.errors import UserError, install_words


def require_lab(*libraries: str) -> None:
    """Raise UserError for a library that is not installed: before a study runs that needs it only at its end."""
    for library in libraries:
        if find_spec(library) is None:
            raise UserError(f"this study needs the library {library}", remedy=install_words("lab"))


@contextmanager
def extra_lab(need: str = "resampling needs the library arch") -> Iterator[None]:
    """Around an import of `arch`, or of what else `need` names. UserError when it is not installed."""
    try:
        yield
    except ImportError:
        raise UserError(need, remedy=install_words("lab")) from None
