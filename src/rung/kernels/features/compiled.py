"""How this package is compiled: exact IEEE arithmetic, division by zero gives inf or NaN as in numpy.

`_nrt=False` leaves reference counting out: no function here creates an array, and counting the ones passed in
costs more than the arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba as nb
import numpy as np
from numpy.typing import NDArray

Row = NDArray[np.float64]
Function = TypeVar("Function", bound=Callable[..., Any])
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "_nrt": False}
_INTERNAL: dict[str, Any] = {**_OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def inlined(function: Function) -> Function:
    """Part of the one step: always inlined, never called from Python."""
    compiled: Function = nb.njit(forceinline=True, **_INTERNAL)(function)
    return compiled


def separate(function: Function) -> Function:
    """Called once a session: kept out of the step's own code."""
    compiled: Function = nb.njit(**_INTERNAL)(function)
    return compiled


def entry(function: Function) -> Function:
    """Callable from Python and from other kernels; the machine code is cached on disk."""
    compiled: Function = nb.njit(cache=True, **_OPTIONS)(function)
    return compiled
