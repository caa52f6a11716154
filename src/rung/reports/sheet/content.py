"""What a tearsheet says, before it is drawn. Every figure has a value or the reason why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from math import isfinite
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rung.domain.decimals import exact
from rung.kernels.statistics.growth import total_return
from rung.reports.words import money, number, percent

Floats = NDArray[np.float64]
NOT_AVAILABLE = "n/a"
MONTHS_FOR_A_MAP = 3
"""With fewer calendar months than this the days are shown one by one."""


class Kind(Enum):
    """How a value is written."""

    CHANGE = "a fraction, as per cent with its sign"
    SHARE = "a fraction, as per cent"
    SMALL_SHARE = "a fraction, as per cent with three places"
    RATIO = "a number with two places"
    MONEY = "quote currency"
    GAIN = "quote currency with its sign"
    COUNT = "a whole number"
    BARS = "a number with one place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number with its name. key : its name in JSON.   error : one standard error, written after ±.

    missing : why there is no value; said where the value would stand, and only then.   Raises ValueError for a value
    that is not finite, for none without a reason and for a reason beside a value.
    """

    key: str
    label: str
    value: Decimal | float | None
    kind: Kind
    remark: str = ""
    error: float | None = None
    missing: str = ""

    def __post_init__(self) -> None:
        if (self.value is None) != bool(self.missing):
            raise ValueError(f"{self.key} needs either a value or the reason why it has none")
        if any(x is not None and not isfinite(x) for x in (self.value, self.error)):
            raise ValueError(f"{self.key} is not a finite number")

    @property
    def text(self) -> str:
        """The value as every form of the sheet shows it."""
        if self.value is None:
            return NOT_AVAILABLE
        said = written(self.value, self.kind)
        return said if self.error is None else f"{said} ± {self.error:,.2f}"

    @property
    def aside(self) -> str:
        """What stands beside the value: the remark, or why there is no value."""
        return self.missing or self.remark


def written(value: Decimal | float, kind: Kind) -> str:
    """A finite value in the words of its kind."""
    if kind in (Kind.MONEY, Kind.GAIN):
        return money(value if isinstance(value, Decimal) else exact(value), signed=kind is Kind.GAIN)
    plain = float(value)
    match kind:
        case Kind.CHANGE:
            return percent(plain)
        case Kind.SHARE:
            return percent(plain, signed=False)
        case Kind.SMALL_SHARE:
            return percent(plain, 3)
        case Kind.COUNT:
            return f"{plain:,.0f}"
        case _:
            return number(plain, 1 if kind is Kind.BARS else 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Figures that belong together."""

    title: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The honesty box. verdict : in a few words.   in_sample, out_of_sample : the same figures in the same order.

    tone : "good", "bad", or "warn" where nothing can be said.
    tried : which configuration of its strategy this is; "" when nothing was counted.
    """

    verdict: str
    tone: Literal["good", "warn", "bad"]
    sentences: tuple[str, ...]
    in_sample: tuple[Figure, ...]
    out_of_sample: tuple[Figure, ...]
    tried: str

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why some of the figures have no value, each reason once."""
        both = (*self.in_sample, *self.out_of_sample)
        return tuple(dict.fromkeys(figure.missing for figure in both if figure.missing))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """One row per slice, (n,) each. hold_quote : buying and holding, after costs.   gross_quote : position sizes."""

    at_ns: NDArray[np.int64]
    equity_quote: Floats
    hold_quote: Floats
    gross_quote: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """An annual Sharpe ratio for every `window` days in a row, by the last of them; None where it cannot be said.

    low, high : 95 %.   missing : why there are none at all.
    """

    window: int
    dates: tuple[str, ...] = ()
    ratio: tuple[float | None, ...] = ()
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeRow:
    """One closed position. opened, closed : UTC, ISO to the minute."""

    symbol: str
    side: str
    opened: str
    closed: str
    bars: int
    entry_price: float
    exit_price: float
    return_frac: float
    pnl_quote: float
    costs_quote: float
    trigger: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TradeList:
    """The first trades, how many there are in all, and the returns of all. file : the list as CSV, beside the page."""

    rows: tuple[TradeRow, ...]
    count: int
    returns_frac: Floats
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What a sweep found over two parameters. values : (len(y), len(x)), None where nothing was tried.

    chosen : the run's own values of the two, when they are on the grid.   remark : what else varied.
    """

    x_name: str
    y_name: str
    measure: str
    x: tuple[str, ...]
    y: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    chosen: tuple[str, str] | None = None
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sheet:
    """Everything a tearsheet shows. identity : as JSON shows it, plain values.   ids : what repeats the run.

    daily : (ISO date, return) of every day.   waterfall : (name, amount), the last is what is left.   honest : the
    one line.   refused : violations by kind.   doubts : about tapes and instruments.
    """

    strategy: str
    origin: str
    symbols: tuple[str, ...]
    start: str
    end: str
    currency: str
    synthetic: bool
    identity: Mapping[str, object]
    parameters: tuple[tuple[str, str], ...]
    costs: tuple[tuple[str, str], ...]
    ids: tuple[tuple[str, str], ...]
    groups: tuple[Group, ...]
    honest: str
    box: Box
    curve: Curve
    daily: tuple[tuple[str, float], ...]
    rolling: Rolling
    waterfall: tuple[tuple[str, float], ...]
    trades: TradeList
    surface: Surface | None
    refused: Mapping[str, int]
    doubts: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def title(self) -> str:
        return f"{self.strategy} on {' '.join(self.symbols)}, {self.start} to {self.end}"

    def figure(self, key: str) -> Figure:
        """The figure of that key. KeyError without one."""
        return figure_of(key, [figure for group in self.groups for figure in group.figures])

    @property
    def months(self) -> tuple[tuple[str, float], ...]:
        """(YYYY-MM, return) of every calendar month, its days compounded."""
        names = dict.fromkeys(date[:7] for date, _ in self.daily)
        rows = {month: [frac for date, frac in self.daily if date[:7] == month] for month in names}
        return tuple((month, total_return(np.array(row))) for month, row in rows.items())


def figure_of(key: str, figures: Sequence[Figure]) -> Figure:
    """The figure of that key. KeyError without one."""
    for figure in figures:
        if figure.key == key:
            return figure
    raise KeyError(key)
