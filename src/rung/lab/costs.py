"""Cost files, whichever market they are for → a simulated venue, and the lines a report stamps.

US shares have one table (`config/costs.toml`), coins and perpetuals another (`config/costs_crypto.toml`).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from rung.config.document import parse_text, read_text
from rung.config.load import Loaded, load
from rung.domain.errors import UserError
from rung.domain.funding import FundingHistory
from rung.domain.instrument import Instrument
from rung.simulation.compose import crypto_stamps, crypto_venue, sim_venue, stamps
from rung.simulation.params import CostParams, CryptoCostParams
from rung.simulation.venue import SimVenue

AnyCosts = CostParams | CryptoCostParams


def load_costs(path: Path) -> Loaded[CostParams] | Loaded[CryptoCostParams]:
    """Read a cost file of either kind: one with `taker_bps` is a crypto venue's. UserErrors name key and line."""
    document = parse_text(read_text(path), str(path)).value
    fees = document.get("fees") if isinstance(document, dict) else None
    if isinstance(fees, dict) and ("taker_bps" in fees or "maker_bps" in fees):
        return load(path, CryptoCostParams)
    return load(path, CostParams)


def venue_for(
    costs: AnyCosts,
    instruments: Mapping[str, Instrument],
    histories: Mapping[str, FundingHistory],
    capital_quote: Decimal,
    flagged: Mapping[str, frozenset[int]],
) -> SimVenue:
    """A fresh venue with exactly these costs; coins and perpetuals are on one margin account of that capital.

    histories : the funding paid, by perpetual. Raises UserError for a perpetual without one.
    """
    if isinstance(costs, CostParams):
        return sim_venue(costs, instruments, flagged)
    return crypto_venue(costs, instruments, histories, capital_quote, flagged)


def cost_lines(
    costs: AnyCosts, instruments: Mapping[str, Instrument], histories: Mapping[str, FundingHistory]
) -> tuple[tuple[str, str], ...]:
    """(name, value with unit) of every cost, zeros included; of coins and perpetuals also what each is traded as."""
    if isinstance(costs, CostParams):
        return stamps(costs)
    kinds = ", ".join(f"{symbol} {'perpetual' if i.is_perpetual else 'spot'}" for symbol, i in instruments.items())
    return (("traded as", kinds), *crypto_stamps(costs, histories))


def fits_or_refuse(costs: AnyCosts, around_the_clock: bool, where: str) -> None:
    """Raise UserError when shares would be charged as coins or coins as shares."""
    if isinstance(costs, CostParams) and around_the_clock:
        raise UserError(
            "these are the costs of US shares, and the tapes are of a market that never closes",
            where=where,
            remedy="give --costs config/costs_crypto.toml, or your own",
        )
    if isinstance(costs, CryptoCostParams) and not around_the_clock:
        raise UserError(
            "these are the costs of a crypto venue, and the tapes are of an exchange with sessions",
            where=where,
            remedy="give --costs config/costs.toml, or your own",
        )
