"""Limits of the first gates. Fractions of equity inside, whatever a file calls them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_doc import Doc
from annotated_types import Ge, Gt, Le

from rung.risk.facts import exact
from rung.risk.limits import Limits, LimitSet


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenLimits:
    """The gates every run has. Each limit is inclusive: exactly at it passes."""

    max_symbol_notional_frac: Annotated[float, Gt(0), Le(10), Doc("value of one symbol, fraction of equity")] = 0.5
    max_gross_notional_frac: Annotated[float, Gt(0), Le(10), Doc("value of all symbols, fraction of equity")] = 1.0
    max_positions: Annotated[int, Ge(1), Doc("symbols held at once")] = 3
    min_stop_frac: Annotated[float, Gt(0), Le(1), Doc("nearest stop, fraction of the entry price")] = 0.005
    max_stop_frac: Annotated[float, Gt(0), Le(1), Doc("farthest stop, fraction of the entry price")] = 0.05
    min_bar_volume_base: Annotated[float, Ge(0), Doc("least volume of the fresh bar, base units")] = 100.0
    max_bar_range_frac: Annotated[float, Gt(0), Doc("(high - low) / close of the fresh bar")] = 0.05
    max_bar_move_frac: Annotated[float, Gt(0), Doc("move since the close before, fraction")] = 0.10
    max_price_away_frac: Annotated[float, Ge(0), Doc("order price against the last close, fraction")] = 0.01
    max_orders_per_minute: Annotated[int, Ge(1), Doc("opening orders tried in any rolling 60 s")] = 30
    no_entry_last_minutes: Annotated[
        int, Ge(0), Le(389), Doc("nothing opens this close to the session's close, minutes")
    ] = 30
    min_equity_start_frac: Annotated[float, Ge(0), Le(1), Doc("below this share of the start: exits only")] = 0.6
    min_equity_quote: Annotated[float, Ge(0), Doc("below this equity: exits only, quote currency")] = 10_000.0

    def __post_init__(self) -> None:
        if self.min_stop_frac > self.max_stop_frac:
            raise ValueError(f"min_stop_frac {self.min_stop_frac} is above max_stop_frac {self.max_stop_frac}")
        if self.max_symbol_notional_frac > self.max_gross_notional_frac:
            raise ValueError("max_symbol_notional_frac is above max_gross_notional_frac: one symbol may not exceed all")

    def limit_set(self, origin: str) -> LimitSet:
        """The same limits, to be combined with those of other sets."""
        return LimitSet(
            origin=origin,
            limits=Limits(
                max_symbol_notional_frac=exact(self.max_symbol_notional_frac),
                max_gross_notional_frac=exact(self.max_gross_notional_frac),
                max_positions=self.max_positions,
                min_stop_frac=exact(self.min_stop_frac),
                max_stop_frac=exact(self.max_stop_frac),
                min_bar_volume_base=exact(self.min_bar_volume_base),
                max_bar_range_frac=exact(self.max_bar_range_frac),
                max_bar_move_frac=exact(self.max_bar_move_frac),
                max_price_away_frac=exact(self.max_price_away_frac),
                max_orders_per_minute=self.max_orders_per_minute,
                min_minutes_to_close=self.no_entry_last_minutes,
                min_equity_start_frac=exact(self.min_equity_start_frac),
                min_equity_quote=exact(self.min_equity_quote),
            ),
        )
