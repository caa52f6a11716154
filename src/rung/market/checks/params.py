"""The thresholds of the checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_doc import Doc
from annotated_types import Ge, Gt, Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckParams:
    """Tuned on six months of leveraged ETFs and nine months of crypto: days nothing happened stay silent."""

    gap_warning_frac: Annotated[float, Interval(gt=0, le=1), Doc("share of a session missing that is a warning")] = 0.05
    halt_min_bars: Annotated[int, Ge(1), Doc("consecutive missing bars that can be a halt")] = 4
    halt_presence_frac: Annotated[
        float, Interval(gt=0, le=1), Doc("share of the rest of that session's bars that must be there")
    ] = 0.98
    spike_move_frac: Annotated[float, Gt(0), Doc("close-to-close move of one bar within a session")] = 0.10
    spike_range_frac: Annotated[float, Gt(0), Doc("(high − low) ÷ close of one bar")] = 0.05
    print_floor_frac: Annotated[float, Gt(0), Doc("smallest wick beyond all recent bodies that can be false")] = 0.01
    print_scale_ratio: Annotated[float, Gt(0), Doc("…and that wick ÷ median move of the bars before")] = 12.0
    print_scale_bars: Annotated[int, Ge(2), Doc("bars before over which that median is taken")] = 20
    print_body_bars: Annotated[int, Ge(0), Doc("bars before whose bodies count as recent")] = 3
    print_own_ratio: Annotated[float, Ge(0), Doc("…and that wick ÷ (body + other wick) of its own bar")] = 2.0
    print_volume_ratio: Annotated[float, Gt(0), Doc("…and its volume ÷ median volume before, at most: news trades")] = (
        10.0
    )
    outage_min_minutes: Annotated[int, Ge(1), Doc("minutes in a row, flat and without volume, that are an outage")] = 10
    overnight_floor_frac: Annotated[float, Gt(0), Doc("smallest overnight move worth a line")] = 0.03
    overnight_ratio: Annotated[float, Gt(0), Doc("…and that move ÷ the tape's median overnight move")] = 5.0
    split_tolerance_frac: Annotated[float, Interval(gt=0, lt=0.1), Doc("distance of an overnight ratio from n:m")] = (
        0.02
    )
