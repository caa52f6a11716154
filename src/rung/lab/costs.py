"""Cost files, whichever market they are for → a simulated venue, and the lines a report stamps.

US shares have their own table (`config/costs.toml`, a stage's schema); crypto venues charge a share of the value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from annotated_doc import Doc
from annotated_types import Ge, Le

from rung.config.document import parse_text, read_text
from rung.config.load import Loaded, load
from rung.domain.errors import UserError
from rung.domain.instrument import Instrument
from rung.simulation.compose import NS_PER_SECOND, sim_venue, stamps
from rung.simulation.fees import FlatBpsFees
from rung.simulation.latency import FixedLatency
from rung.simulation.liquidity import ParticipationCap
from rung.simulation.params import CostParams, LatencyParams, LiquidityParams, SlippageParams
from rung.simulation.slippage import SpreadSlippage
from rung.simulation.venue import SimVenue

Bps = Annotated[Decimal, Ge(0), Le(1000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class BpsFees:
    """What a crypto venue charges: a share of the traded value."""

    maker_bps: Annotated[Bps, Doc("of the value of an order that rested")]
    taker_bps: Annotated[Bps, Doc("of the value of an order that crossed the spread")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CryptoCosts:
    """The whole file `config/costs_spot.toml`. Funding and borrow are not in it: nothing charges them yet."""

    fees: BpsFees
    slippage: SlippageParams
    liquidity: LiquidityParams
    latency: LatencyParams


AnyCosts = CostParams | CryptoCosts


def load_costs(path: Path) -> Loaded[CostParams] | Loaded[CryptoCosts]:
    """Read a cost file of either kind: one with `taker_bps` is a crypto venue's. UserErrors name key and line."""
    document = parse_text(read_text(path), str(path)).value
    fees = document.get("fees") if isinstance(document, dict) else None
    if isinstance(fees, dict) and ("taker_bps" in fees or "maker_bps" in fees):
        return load(path, CryptoCosts)
    return load(path, CostParams)


def venue_for(
    costs: AnyCosts, instruments: Mapping[str, Instrument], flagged: Mapping[str, frozenset[int]]
) -> SimVenue:
    """A venue with exactly these costs."""
    if isinstance(costs, CostParams):
        return sim_venue(costs, instruments, flagged)
    return SimVenue(
        fees=FlatBpsFees(maker_bps=costs.fees.maker_bps, taker_bps=costs.fees.taker_bps),
        slippage=SpreadSlippage(costs.slippage),
        liquidity=ParticipationCap(costs.liquidity),
        latency=FixedLatency(round(costs.latency.delay_seconds * NS_PER_SECOND)),
        instruments=instruments,
        flagged=flagged,
    )


def cost_lines(costs: AnyCosts) -> tuple[tuple[str, str], ...]:
    """(name, value with unit) of every cost, zeros included."""
    if isinstance(costs, CostParams):
        return stamps(costs)
    return (
        ("fees", f"taker {costs.fees.taker_bps} bps, maker {costs.fees.maker_bps} bps"),
        ("half-spread", f"{costs.slippage.half_spread_bps} bps"),
        ("slippage", f"{costs.slippage.slippage_bps} bps"),
        ("funding and borrow", "not charged"),
        ("participation", f"at most {costs.liquidity.max_participation_frac} of a bar's volume"),
        ("latency", f"{costs.latency.delay_seconds:g} s beyond the next bar's open"),
    )


def fits_or_refuse(costs: AnyCosts, around_the_clock: bool, where: str) -> None:
    """Raise UserError when shares would be charged as coins or coins as shares."""
    if isinstance(costs, CostParams) and around_the_clock:
        raise UserError(
            "these are the costs of US shares, and the tapes are of a market that never closes",
            where=where,
            remedy="give --costs config/costs_spot.toml, or your own",
        )
    if isinstance(costs, CryptoCosts) and not around_the_clock:
        raise UserError(
            "these are the costs of a crypto venue, and the tapes are of an exchange with sessions",
            where=where,
            remedy="give --costs config/costs.toml, or your own",
        )
