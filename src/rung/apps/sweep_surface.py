"""The frame of a sweep → the surface of one measure over two parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rung.domain.errors import UserError
from rung.reports.sheet.content import Surface

if TYPE_CHECKING:
    import polars as pl

MOST_CELLS = 10_000


def surface_of(
    frame: pl.DataFrame, x: str, y: str, measure: str, parameters: Mapping[str, Any] | None = None
) -> Surface:
    """One row per configuration → a surface. x, y : columns of parameters.   measure : a column of numbers.

    Where several configurations share a place (other parameters or symbols varied, too) their median stands there; a
    value that is null, NaN or infinite leaves its place empty.   parameters : of the run the sheet is about; it is
    marked where its two values are on the grid. UserError: no such column, an empty frame, a surface too large to see.
    """
    import polars as pl

    for name in (x, y, measure):
        if name not in frame.columns:
            raise UserError(f"the sweep has no column {name!r}", remedy=f"it has {', '.join(frame.columns)}")
    if x == y:
        raise UserError(f"a surface needs two parameters, {x} is one", remedy="name another")
    value = pl.col(measure).cast(pl.Float64)
    known = frame.with_columns(pl.when(value.is_finite()).then(value).alias(measure))

    columns, rows = (known[name].unique().sort().to_list() for name in (x, y))
    if not columns:
        raise UserError("the sweep has no configuration", remedy="give a grid with at least one value")
    if len(columns) * len(rows) > MOST_CELLS:
        raise UserError(f"{len(columns):,} × {len(rows):,} places are too many to see", remedy="sweep a coarser grid")
    cells = {(row[0], row[1]): row[2] for row in known.group_by(x, y).agg(pl.col(measure).median()).iter_rows()}
    shared = max(known.group_by(x, y).len()["len"].to_list())
    chosen = None if parameters is None else (parameters.get(x), parameters.get(y))
    return Surface(
        x_name=x,
        y_name=y,
        measure=measure,
        x=tuple(map(str, columns)),
        y=tuple(map(str, rows)),
        values=tuple(tuple(cells.get((column, row)) for column in columns) for row in rows),
        chosen=(str(chosen[0]), str(chosen[1])) if chosen and chosen[0] in columns and chosen[1] in rows else None,
        remark="" if shared == 1 else f"medians: up to {shared} configurations share a place",
    )
