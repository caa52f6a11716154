"""How this package is compiled: exact IEEE arithmetic, no reference counts, and other threads may run meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba as nb

Function = TypeVar("Function", bound=Callable[..., Any])
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "_nrt": False, "nogil": True}
_INTERNAL: dict[str, Any] = {**_OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def inlined(function: Function) -> Function:
    """Part of a kernel's loop: always inlined, never called from Python."""
    compiled: Function = nb.njit(forceinline=True, **_INTERNAL)(function)
    return compiled


def separate(function: Function) -> Function:
    """Called when something happens, which is rare: kept out of the loop's own code."""
    compiled: Function = nb.njit(**_INTERNAL)(function)
    return compiled


def entry(function: Function) -> Function:
    """Callable from Python and from other kernels; the machine code is cached on disk."""
    compiled: Function = nb.njit(cache=True, **_OPTIONS)(function)
    return compiled
