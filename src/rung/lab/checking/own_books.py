"""Fills a strategy gives itself at a price it could not have had.

The desk fills at the next bar's open at the earliest; that is looked at, fill by fill. But a strategy may keep a book
of its own and book itself the price of the very bar it decides on, as a back-of-the-envelope test does when it
multiplies a signal by the return of the same bar. Nothing in that comes from the future, so no other future shows it.
It is told by the numbers: an attribute that takes the bar's own price exactly at each new side, and keeps it until the
next; or one that grows in each bar by side × return, with the side decided at that bar's end, and not with the side
held during it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rung.lab.checking.watching import Row
from rung.market.tape import Floats

FEWEST_TURNS = 3
"""One or two coincidences of prices are no book."""


class OwnFill(NamedTuple):
    """bar : where it first booked itself.   name : the attribute.   what : in words.   booked, price : that price,
    and the next bar's open, the first that could be had."""

    bar: int
    name: str
    what: str
    booked: float
    price: float


class Prices(NamedTuple):
    """Bars of one symbol by slice, NaN where it has none."""

    open: Floats
    close: Floats


def own_fill(rows: Sequence[Row], symbol: str, prices: Prices) -> OwnFill | None:
    """The first attribute that is a book of that kind, None when there is none."""
    side = sides(rows, symbol)
    turns = np.flatnonzero(np.diff(side, prepend=0.0) != 0.0)
    entries = turns[side[turns] != 0.0]
    if len(entries) < FEWEST_TURNS:
        return None
    for name, values in _series(rows, symbol).items():
        what = ""
        first = int(entries[0])
        if _pinned(values, prices.close, entries, turns):
            what = "keeps the close of the bar it decides on as its entry price"
        elif _same_bar_profit(values, prices.close, side):
            what = "books the return of the bar at whose end it decides"
            first = int(entries[entries > 0][0]) if (entries > 0).any() else first
        if what:
            after = first + 1 if first + 1 < len(prices.open) else first
            return OwnFill(first, name, what, float(prices.close[first]), float(prices.open[after]))
    return None


def sides(rows: Sequence[Row], symbol: str) -> Floats:
    """The side last wished for at each slice: 1, −1 or 0; None wishes nothing new."""
    found = np.zeros(len(rows))
    now = 0.0
    for at, row in enumerate(rows):
        for wish in row.wishes:
            if wish[0] == symbol and isinstance(wish[1], float | int):
                now = float(np.sign(wish[1]))
        found[at] = now
    return found


def _series(rows: Sequence[Row], symbol: str) -> dict[str, Floats]:
    """Attributes of that symbol's strategy as columns; NaN where one is no number."""
    columns: dict[str, Floats] = {}
    for at, row in enumerate(rows):
        names, values = row.values
        for name, value in zip(names, values, strict=True):
            if isinstance(value, float) and name.startswith(f"{symbol}:"):
                column = columns.get(name)
                if column is None:
                    column = columns[name] = np.full(len(rows), np.nan)
                column[at] = value
    return columns


def _pinned(values: Floats, close: Floats, entries: NDArray[np.intp], turns: NDArray[np.intp]) -> bool:
    """The close at every entry, and still at the bar after it, unless that is a turn again; closes move meanwhile."""
    if not np.allclose(values[entries], close[entries], rtol=1e-12, atol=0.0):
        return False
    held = entries[:-1][~np.isin(entries[:-1] + 1, turns)] + 1
    held = held[np.abs(close[held] - close[held - 1]) > 0.0]
    return len(held) >= FEWEST_TURNS - 1 and bool(np.allclose(values[held], close[held - 1], rtol=1e-12, atol=0.0))


def _same_bar_profit(values: Floats, close: Floats, side: Floats) -> bool:
    """Grows by the side decided now × what this bar moved; where the side has just turned, that tells it apart."""
    move = np.diff(close, prepend=np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = move / (close - move)
        grown = np.diff(values, prepend=np.nan)
        share = grown / (values - grown)
    held = np.concatenate(([0.0], side[:-1]))
    for made, moved in ((grown, move), (grown, rate), (share, rate)):
        usable = np.isfinite(made) & np.isfinite(moved) & (np.abs(moved) > 0.0)
        telling = usable & (side != held)
        if telling.sum() < FEWEST_TURNS:
            continue
        scale = 1e-6 * np.abs(moved[usable]).max()
        if np.allclose(made[usable], (side * moved)[usable], rtol=1e-6, atol=scale):
            return True
    return False
