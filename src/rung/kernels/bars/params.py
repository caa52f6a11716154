"""What a backtest in the kernel trades under, as a person says it, and as the kernel reads it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from rung.domain.errors import UserError
from rung.kernels.bars import layout as at

PRICE_STEP = Decimal("0.0001")
MONEY_STEP = Decimal("0.00000001")
BPS = Decimal("0.0001")
EXACT = 2**53
TRAILS = ("trail_atr", "trail_frac")


@dataclass(frozen=True, slots=True, kw_only=True)
class BarRules:
    """Instrument, costs, sizes and protection of one backtest. No cost has a default: zero is said explicitly.

    Prices trade on min(tick_size, 0.0001); stops and targets lie on the tick.   max_participation_frac : share of a
    bar's volume all fills together may take, None for no cap.   notional_quote / equity_frac : size of an entry by
    direction, exactly one of them; arrays of weights bring their own.   min_position_quote : smaller openings are
    dropped.   max_notional_quote : larger positions are asked for only up to this.   stop_frac, take_profit_frac : of
    the average entry price.   trail_atr, trail_frac : the trailing stop stays this many ATR, or
    this fraction of it, behind the best close; at most one of them.   flips : a
    reversal closes and opens in the same bar; else it closes first.   only_on_cross : enter only on the bar on which
    the direction changes.   openings_last : what was not opened lives on when the session changes, as in a market
    around the clock.
    """

    capital_quote: Decimal
    tick_size: Decimal
    lot_size: Decimal
    taker_bps: Decimal
    maker_bps: Decimal
    half_spread_bps: Decimal
    min_half_spread_quote: Decimal
    slippage_bps: Decimal
    max_participation_frac: Decimal | None
    notional_quote: Decimal | None = None
    equity_frac: float | None = None
    min_position_quote: Decimal = Decimal(0)
    max_notional_quote: Decimal | None = None
    stop_frac: float | None = None
    take_profit_frac: float | None = None
    trail_atr: float | None = None
    trail_frac: float | None = None
    flips: bool = True
    only_on_cross: bool = False
    openings_last: bool = False

    def __post_init__(self) -> None:
        for name in ("capital_quote", "tick_size", "lot_size"):
            _require(getattr(self, name) > 0, f"{name} must be above 0")
        for name in ("taker_bps", "maker_bps", "half_spread_bps", "min_half_spread_quote", "slippage_bps"):
            _require(getattr(self, name) >= 0, f"{name} must not be below 0")
        sizes = ("notional_quote", "equity_frac", "max_notional_quote", "stop_frac", "take_profit_frac", *TRAILS)
        for name in sizes:
            value = getattr(self, name)
            _require(value is None or value > 0, f"{name} must be above 0 or absent")
        _require(self.trail_atr is None or self.trail_frac is None, "give trail_atr or trail_frac")
        share = self.max_participation_frac
        _require(share is None or 0 < share <= 1, "max_participation_frac must lie in (0, 1] or be absent")
        _require((self.notional_quote is None) != (self.equity_frac is None), "give notional_quote or equity_frac")
        _require(self.tick_size % self.step_size == 0, "tick_size must be a multiple of 0.0001 or below it")
        _require(_divides(self.lot_size * self.step_size), "lot_size × price step must divide 1e-8 or be its multiple")

    @property
    def step_size(self) -> Decimal:
        """Smallest price difference between two fills."""
        return min(PRICE_STEP, self.tick_size)

    @property
    def unit_quote(self) -> Decimal:
        """The smallest amount of money the books know. They are exact up to 2⁵³ of them."""
        return min(MONEY_STEP, self.lot_size * self.step_size)


def pack_rules(rules: BarRules) -> NDArray[np.float64]:
    """(N_RULES,) float64, in the order of `layout`."""
    packed = np.zeros(at.N_RULES)
    step, unit = Fraction(rules.step_size), rules.unit_quote
    packed[at.STEP_PRICE] = float(1 / step)
    packed[at.STEP_NUM], packed[at.STEP_DEN] = step.numerator, step.denominator
    packed[at.TICK_STEPS] = float(rules.tick_size / rules.step_size)
    packed[at.LOT], packed[at.UNIT] = float(rules.lot_size), float(unit)
    packed[at.STEP_UNITS] = float(rules.lot_size * rules.step_size / unit)
    packed[at.TICK_UNITS] = float(rules.lot_size * rules.tick_size / unit)
    packed[at.FEE_UNITS] = float(MONEY_STEP / unit)
    per_fee_step = BPS * rules.lot_size * rules.step_size / MONEY_STEP
    packed[at.TAKER], packed[at.MAKER] = float(rules.taker_bps * per_fee_step), float(rules.maker_bps * per_fee_step)
    packed[at.HALF_SPREAD] = float(rules.half_spread_bps * BPS)
    packed[at.LEAST_SPREAD] = float(rules.min_half_spread_quote)
    packed[at.SLIPPAGE] = float(rules.slippage_bps * BPS)
    share = rules.max_participation_frac
    packed[at.SHARE] = math.inf if share is None else float(share / rules.lot_size)
    packed[at.NOTIONAL] = _or(rules.notional_quote, 0.0)
    packed[at.EQUITY_FRAC] = _or(rules.equity_frac, 0.0)
    packed[at.LEAST_POSITION] = float(rules.min_position_quote)
    packed[at.MOST_NOTIONAL] = _or(rules.max_notional_quote, math.inf)
    packed[at.FLIPS], packed[at.ON_CROSS] = float(rules.flips), float(rules.only_on_cross)
    packed[at.TRAIL_ATR], packed[at.TRAIL_FRAC] = _or(rules.trail_atr, 0.0), _or(rules.trail_frac, 0.0)
    packed[at.CAPITAL] = float(rules.capital_quote / unit)
    packed[at.OPENINGS_LAST] = float(rules.openings_last)
    return packed


def new_books(rules: BarRules, packed: NDArray[np.float64], books: int) -> NDArray[np.float64]:
    """(books, N_STATE) float64: books that hold the capital and nothing else."""
    state = np.zeros((books, at.N_STATE))
    state[:, at.BOOK] = np.arange(books)
    state[:, at.CASH] = packed[at.CAPITAL]
    for field in (at.CASH_QUOTE, at.PEAK, at.TROUGH, at.DAY_START):
        state[:, field] = packed[at.CAPITAL] * packed[at.UNIT]
    state[:, at.WORST] = 1.0
    for field in (at.STOP, at.TRAIL, at.TARGET, at.OPEN_TRAIL):
        state[:, field] = math.nan
    state[:, at.FLOOR], state[:, at.CEILING] = -math.inf, math.inf
    state[:, at.STOP_FRAC] = _or(rules.stop_frac, math.nan)
    state[:, at.TAKE_FRAC] = _or(rules.take_profit_frac, math.nan)
    return state


def _or(value: Decimal | float | None, other: float) -> float:
    return other if value is None else float(value)


def _divides(smallest: Decimal) -> bool:
    return smallest % MONEY_STEP == 0 or MONEY_STEP % smallest == 0


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise UserError(what, where="rules of the backtest")
