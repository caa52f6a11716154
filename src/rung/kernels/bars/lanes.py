"""Eight numbers side by side: bars of a tape or combinations of a sweep. Comparisons answer a bit per lane.

Built on the learner's eight-lane arithmetic; the same rules hold: an index counts elements and nothing is checked.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from rung.kernels.compiled import Row, inlined
from rung.kernels.learner.lanes import LANES, VECTOR, lane_by_lane, lanes, load8, require_row, splat8

ALL = 255
_BITS, _WORD, _INDEX = ir.IntType(8), ir.IntType(64), ir.IntType(32)

add8 = lane_by_lane("fadd")


@intrinsic
def below8(_typing: Any, left: Any, right: Any) -> Any:
    """Bit i is 1 where left[i] < right[i]; 0 where either is NaN."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.zext(builder.bitcast(builder.fcmp_ordered("<", args[0], args[1]), _BITS), _WORD)

    return types.int64(lanes, lanes), emit


@intrinsic
def least8(_typing: Any, left: Any, right: Any) -> Any:
    """The smaller of each pair; `right` where either is NaN."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", args[0], args[1]), args[0], args[1])

    return lanes(lanes, lanes), emit


@intrinsic
def equal8(_typing: Any, array: Any, index: Any, value: Any) -> Any:
    """Bit i is 1 where array[index + i] == value, for arrays of any number; 0 where either is NaN."""
    require_row(array, array.dtype)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        numbers = context.make_array(signature.args[0])(context, builder, args[0]).data
        kind = ir.VectorType(numbers.type.pointee, LANES)
        found = builder.load(builder.bitcast(builder.gep(numbers, [args[1]]), kind.as_pointer()))
        found.align = array.dtype.bitwidth // 8
        first = builder.insert_element(ir.Constant(kind, ir.Undefined), args[2], ir.Constant(_INDEX, 0))
        wanted = builder.shuffle_vector(first, first, ir.Constant(ir.VectorType(_INDEX, LANES), [0] * LANES))
        compare = builder.fcmp_ordered if isinstance(array.dtype, types.Float) else builder.icmp_signed
        return builder.zext(builder.bitcast(compare("==", found, wanted), _BITS), _WORD)

    return types.int64(array, types.intp, array.dtype), emit


@intrinsic
def apart(_typing: Any) -> Any:
    """Never inline the function this is called in.

    Wide registers in use make some processors run the scalar arithmetic around them slower; a return clears them.
    """

    def emit(context: Any, builder: Any, _signature: Any, _args: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), emit


@intrinsic
def counted(_typing: Any, index: Any) -> Any:
    """The same index, promised to be ≥ 0: arrays then need not ask whether it counts from their end."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        builder.assume(builder.icmp_signed(">=", args[0], ir.Constant(_WORD, 0)))
        return args[0]

    return types.int64(types.int64), emit


@intrinsic
def lowest8(_typing: Any, value: Any) -> Any:
    """The smallest of the eight; NaN is none of them."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        terms = [builder.extract_element(args[0], ir.Constant(_INDEX, lane)) for lane in range(LANES)]
        while len(terms) > 1:
            pairs = zip(terms[::2], terms[1::2], strict=True)
            terms = [builder.select(builder.fcmp_ordered("<", x, y), x, y) for x, y in pairs]
        return terms[0]

    return types.float64(lanes), emit


@intrinsic
def lowest_bit(_typing: Any, bits: Any) -> Any:
    """Number of the lowest bit that is 1; undefined for 0."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), emit


@intrinsic
def rint8(_typing: Any, value: Any) -> Any:
    """The nearest whole numbers, half to even."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(VECTOR, [VECTOR])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.rint.v8f64"), args)

    return lanes(lanes), emit


@intrinsic
def running8(_typing: Any, value: Any) -> Any:
    """Lane i is the sum of lanes 0 … i; whole numbers only, since lanes are added by doubling distances."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        total, zeros, picks = args[0], ir.Constant(VECTOR, [0.0] * LANES), ir.VectorType(_INDEX, LANES)
        for distance in (1, 2, 4):
            moved = [i - distance if i >= distance else LANES for i in range(LANES)]
            total = builder.fadd(total, builder.shuffle_vector(total, zeros, ir.Constant(picks, moved)))
        return total

    return lanes(lanes), emit


@intrinsic
def last8(_typing: Any, value: Any) -> Any:
    """The number in the last lane."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.extract_element(args[0], ir.Constant(_INDEX, LANES - 1))

    return types.float64(lanes), emit


@intrinsic
def store_signs8(_typing: Any, array: Any, index: Any, ups: Any, downs: Any) -> Any:
    """array[index : index + 8] = 1 where the bit of `ups` is set, −1 where that of `downs` is, else 0."""
    require_row(array, types.int8)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        flags, signs = ir.VectorType(ir.IntType(1), LANES), ir.VectorType(_BITS, LANES)
        up, down = (builder.zext(builder.bitcast(builder.trunc(x, _BITS), flags), signs) for x in args[2:])
        target = context.make_array(signature.args[0])(context, builder, args[0]).data
        target = builder.bitcast(builder.gep(target, [args[1]]), signs.as_pointer())
        builder.store(builder.sub(up, down), target).align = 1
        return context.get_dummy_value()

    return types.void(array, types.intp, types.int64, types.int64), emit


@inlined
def prices8(column: Row, t: int) -> int:
    """Bit i is 1 where column[t + i] is positive and finite."""
    numbers = load8(column, t)
    return below8(splat8(0.0), numbers) & below8(numbers, splat8(math.inf))
