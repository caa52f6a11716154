"""Eight float64 side by side, for numba.

Plain loops cannot be vectorised where they sum (floating point addition does not reassociate), and `fastmath` would
make the last bits depend on the processor. Here the order of every addition is written down, so the same eight-lane
arithmetic gives the same bits everywhere, and the compiler maps it to whatever vectors the processor has.

`array` is a C-contiguous float64 vector; an index counts elements, and eight of them from there on must exist
(nothing checks). Only callable inside `@njit` functions.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.errors import TypingError
from numba.extending import intrinsic, models, register_model

LANES = 8
VECTOR = ir.VectorType(ir.DoubleType(), LANES)
_INDEX = ir.IntType(32)


class _Lanes(types.Type):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(name="float64x8")


lanes = _Lanes()


@register_model(_Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, VECTOR)


def require_row(array: Any, number: Any = types.float64) -> None:
    """Refuse, while compiling, an array of other numbers or with gaps: eight in a row would not be its eight."""
    if array.layout != "C" or array.dtype != number:
        raise TypingError(f"a contiguous array of {number} is needed, not {array}")


def _address(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), VECTOR.as_pointer())


@intrinsic
def load8(_typing: Any, array: Any, index: Any) -> Any:
    """array[index : index + 8]"""
    require_row(array)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = builder.load(_address(context, builder, signature, args))
        value.align = 8
        return value

    return lanes(array, types.intp), emit


@intrinsic
def store8(_typing: Any, array: Any, index: Any, value: Any) -> Any:
    """array[index : index + 8] = value"""
    require_row(array)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _address(context, builder, signature, args)).align = 8
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), emit


@intrinsic
def splat8(_typing: Any, scalar: Any) -> Any:
    """Eight times the same number."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        undefined = ir.Constant(VECTOR, ir.Undefined)
        first = builder.insert_element(undefined, args[0], ir.Constant(_INDEX, 0))
        zeros = ir.Constant(ir.VectorType(_INDEX, LANES), [0] * LANES)
        return builder.shuffle_vector(first, undefined, zeros)

    return lanes(types.float64), emit


def lane_by_lane(instruction: str) -> Any:
    """An intrinsic of two operands that is one instruction of LLVM."""

    def operation(_typing: Any, left: Any, right: Any) -> Any:
        def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
            return getattr(builder, instruction)(args[0], args[1])

        return lanes(lanes, lanes), emit

    return intrinsic(operation)


mul8, div8, sub8 = lane_by_lane("fmul"), lane_by_lane("fdiv"), lane_by_lane("fsub")


@intrinsic
def choose8(_typing: Any, test: Any, yes: Any, no: Any) -> Any:
    """`yes` in the lanes where test > 0, `no` in the others and where test is NaN."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        zero = ir.Constant(VECTOR, [0.0] * LANES)
        return builder.select(builder.fcmp_ordered(">", args[0], zero), args[1], args[2])

    return lanes(lanes, lanes, lanes), emit


@intrinsic
def sqrt8(_typing: Any, value: Any) -> Any:
    """√value, correctly rounded; NaN below 0."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(VECTOR, [VECTOR])
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.sqrt.v{LANES}f64"), args)

    return lanes(lanes), emit


@intrinsic
def fma8(_typing: Any, left: Any, right: Any, addend: Any) -> Any:
    """left · right + addend, rounded once."""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
        return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.fma.v{LANES}f64"), args)

    return lanes(lanes, lanes, lanes), emit


@intrinsic
def sum8(_typing: Any, value: Any) -> Any:
    """((v0+v1)+(v2+v3)) + ((v4+v5)+(v6+v7))"""

    def emit(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        terms = [builder.extract_element(args[0], ir.Constant(_INDEX, lane)) for lane in range(LANES)]
        while len(terms) > 1:
            terms = [builder.fadd(terms[i], terms[i + 1]) for i in range(0, len(terms), 2)]
        return terms[0]

    return types.float64(lanes), emit
