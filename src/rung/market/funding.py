"""Funding histories from files."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from rung.domain.decimals import exact
from rung.domain.errors import UserError
from rung.domain.funding import FundingHistory, FundingInstant

if TYPE_CHECKING:
    import polars as pl

LARGEST_RATE = 0.1
"""No venue lets a perpetual pay more in one interval; a larger number is a percentage or a mistake."""


def read_funding(path: Path, symbol: str, interval_ns: int, marks: Path | None = None) -> FundingHistory:
    """The rates in a Parquet or CSV file: `timestamp` (UTC) and `funding_rate` (a fraction per interval).

    marks : bars of the mark price (`timestamp`, `open`); the open of the bar that starts at an instant is the mark
    price there, instants without one have none.   Holes stay holes: `FundingHistory.missing_from` finds them.
    Raises UserError, with the row, for times that do not rise and rates that are no numbers or too large to be one.
    """
    frame = _table(path, ("timestamp", "funding_rate"))
    stamps, rates = _stamps(path, frame), frame["funding_rate"]
    known = _mark_prices(marks) if marks is not None else {}
    instants = []
    for row, (at_ns, rate) in enumerate(zip(stamps, rates, strict=True), start=1):
        if rate is None or not abs(rate) <= LARGEST_RATE:
            raise UserError(
                f"a funding rate of {rate} is not a fraction per interval", where=f"{path}, row {row}, funding_rate"
            )
        instants.append(FundingInstant(at_ns=at_ns, rate=exact(rate), mark_price=known.get(at_ns)))
    return FundingHistory(symbol=symbol, interval_ns=interval_ns, instants=tuple(instants), source=path.name)


def find_funding(folder: Path, venue: str, symbol: str, interval_ns: int) -> FundingHistory:
    """The history of a perpetual from a folder of `<venue>_perp_<SYMBOL>_funding.parquet` and `…_mark_1h.parquet`.

    Raises UserError naming what there is when the rates are not there. Mark prices are used where they are.
    """
    path = folder / f"{venue}_perp_{symbol}_funding.parquet"
    if not path.is_file():
        there = sorted(p.name.split("_")[2] for p in folder.glob(f"{venue}_perp_*_funding.parquet"))
        raise UserError(
            f"no funding history of {symbol} at {venue}",
            where=str(folder),
            remedy=f"it has {', '.join(there) or 'none of that venue'}; a perpetual without its rates is not simulated",
        )
    marks = folder / f"{venue}_perp_{symbol}_mark_1h.parquet"
    return read_funding(path, symbol, interval_ns, marks if marks.is_file() else None)


def _table(path: Path, columns: tuple[str, ...]) -> pl.DataFrame:
    import polars as pl

    if not path.is_file():
        raise UserError("there is no such file", where=str(path), remedy="check the path")
    try:
        frame = pl.read_csv(path, try_parse_dates=True) if path.suffix == ".csv" else pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise UserError(f"cannot be read ({str(error).splitlines()[0]})", where=str(path)) from None
    lacking = [name for name in columns if name not in frame.columns]
    if lacking:
        raise UserError(f"lacks the column {lacking[0]!r}", where=str(path), remedy=f"it needs {', '.join(columns)}")
    if frame.is_empty():
        raise UserError("has no rows", where=str(path), remedy="fetch it again")
    return frame


def _stamps(path: Path, frame: pl.DataFrame) -> list[int]:
    import polars as pl

    cells = frame["timestamp"]
    if not isinstance(cells.dtype, pl.Datetime) or cells.null_count():
        raise UserError("does not hold times", where=f"{path}, timestamp", remedy="write UTC times, none empty")
    stamps: list[int] = cells.dt.epoch("ns").to_list()
    for row in range(1, len(stamps)):
        if stamps[row] <= stamps[row - 1]:
            raise UserError("does not come after the row before", where=f"{path}, row {row + 1}, timestamp")
    return stamps


def _mark_prices(path: Path) -> dict[int, Decimal]:
    frame = _table(path, ("timestamp", "open"))
    pairs = zip(_stamps(path, frame), frame["open"], strict=True)
    return {at_ns: exact(price) for at_ns, price in pairs if price is not None and 0.0 < price < float("inf")}
