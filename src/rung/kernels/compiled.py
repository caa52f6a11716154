"""How every kernel is compiled, and where its machine code is kept.

Exact IEEE arithmetic; division by zero gives inf or NaN as in numpy; other threads may run meanwhile. `_nrt=False`
leaves reference counting out: no function here creates an array, and counting the ones passed in costs more than the
arithmetic.

numba looks only at the file of the function that is entered to see whether its stored machine code is still right; but
what that function inlines lies in other files. So the folder of the stored code is named after the content of all
kernels: a change anywhere in them is compiled anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import numba as nb
import numpy as np
from numba.core.event import TimingListener, register
from numpy.typing import NDArray

Row = NDArray[np.float64]
Function = TypeVar("Function", bound=Callable[..., Any])
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "_nrt": False, "nogil": True}
_INTERNAL: dict[str, Any] = {**_OPTIONS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_FOLDER = "kernels-"


def inlined(function: Function) -> Function:
    """Part of a kernel's loop: always inlined, never called from Python."""
    compiled: Function = nb.njit(forceinline=True, **_INTERNAL)(function)
    return compiled


def separate(function: Function) -> Function:
    """Called when something happens, which is rare: kept out of the loop's own code."""
    compiled: Function = nb.njit(**_INTERNAL)(function)
    return compiled


def entry(function: Function) -> Function:
    """Callable from Python and from other kernels; the machine code is kept on disk."""
    compiled: Function = nb.njit(cache=True, **_OPTIONS)(function)
    return compiled


@cache
def _listener() -> TimingListener:
    """Told of every compilation from now on."""
    listener = TimingListener()
    register("numba:compile", listener)
    return listener


def compile_seconds() -> float:
    """How long this process has compiled since the first call of this function, which says 0. Seconds."""
    listener = _listener()
    return float(listener.duration) if listener.done else 0.0


def kernels_id(folder: Path) -> str:
    """Content hash of every kernel below `folder`."""
    digest = sha256()
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def code_folder(kernels: Path) -> Path:
    """Where the machine code of these very kernels is kept; that of other versions beside it is removed."""
    beside = kernels / "__pycache__"
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "rung"
    parent = beside if os.access(beside if beside.is_dir() else kernels, os.W_OK) else home
    wanted = parent / (_FOLDER + kernels_id(kernels))
    for other in parent.glob(_FOLDER + "*"):
        if other != wanted:
            shutil.rmtree(other, ignore_errors=True)
    return wanted


if not os.environ.get("NUMBA_CACHE_DIR"):
    nb.config.CACHE_DIR = str(code_folder(Path(__file__).parent))
