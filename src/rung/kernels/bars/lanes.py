"""Eight combinations of a sweep side by side: comparisons that answer a bit per lane, and what the bits need.

Built on the learner's eight-lane arithmetic; the same rules hold: an index counts elements and nothing is checked.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from rung.kernels.learner.lanes import _lane_by_lane, _lanes

ALL = 255
_BITS, _WORD = ir.IntType(8), ir.IntType(64)

add8 = _lane_by_lane("fadd")


@intrinsic
def below8(_typing: Any, left: Any, right: Any) -> Any:
    """Bit i is 1 where left[i] < right[i]; 0 where either is NaN."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.zext(builder.bitcast(builder.fcmp_ordered("<", args[0], args[1]), _BITS), _WORD)

    return types.int64(_lanes, _lanes), emit


@intrinsic
def least8(_typing: Any, left: Any, right: Any) -> Any:
    """The smaller of each pair; `right` where either is NaN."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[0], args[1])

    return _lanes(_lanes, _lanes), emit


@intrinsic
def lowest_bit(_typing: Any, bits: Any) -> Any:
    """Number of the lowest bit that is 1; undefined for 0."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), emit
