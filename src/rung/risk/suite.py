"""Limits → the gates that keep them, in the order they are asked."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from rung.domain.slice import Slice
from rung.risk.flag import Flag
from rung.risk.gate import Gate, Observes
from rung.risk.gates.bar_volume import BarVolume
from rung.risk.gates.duplicate_order import DuplicateOrder
from rung.risk.gates.end_of_day import EndOfDay
from rung.risk.gates.equity_floor import EquityFloor
from rung.risk.gates.gross_notional import GrossNotional
from rung.risk.gates.kill import Kill
from rung.risk.gates.maintenance import Maintenance
from rung.risk.gates.max_positions import MaxPositions
from rung.risk.gates.order_rate import OrderRate
from rung.risk.gates.price_collar import PriceCollar
from rung.risk.gates.sound_data import SoundData
from rung.risk.gates.spiking_data import SpikingData
from rung.risk.gates.stale_data import StaleData
from rung.risk.gates.stop import MandatoryStop
from rung.risk.gates.symbol_notional import SymbolNotional
from rung.risk.params import ScreenLimits


def first_gates(
    limits: ScreenLimits, *, start_equity_quote: Decimal, maintenance: Flag, kill: Flag | None = None
) -> tuple[Gate, ...]:
    """The gates every run has. Stateful ones are fresh: use one set per account. A replay has no kill switch."""
    return (
        *([Kill(kill)] if kill is not None else []),
        Maintenance(maintenance),
        EquityFloor(start_equity_quote, limits.min_equity_start_frac, limits.min_equity_quote),
        OrderRate(limits.max_orders_per_minute),
        DuplicateOrder(),
        EndOfDay(limits.no_entry_last_minutes),
        StaleData(),
        SoundData(),
        SpikingData(limits.max_bar_range_frac, limits.max_bar_move_frac),
        BarVolume(limits.min_bar_volume_base),
        PriceCollar(limits.max_price_away_frac),
        MandatoryStop(limits.min_stop_frac, limits.max_stop_frac),
        SymbolNotional(limits.max_symbol_notional_frac),
        GrossNotional(limits.max_gross_notional_frac),
        MaxPositions(limits.max_positions),
    )


def observers(gates: Iterable[Gate]) -> tuple[Observes, ...]:
    """The gates that must be shown every slice."""
    return tuple(gate for gate in gates if isinstance(gate, Observes))


def observe(watching: Iterable[Observes], event: Slice) -> None:
    """Show one slice to the observers: once per slice, before anything is decided on it."""
    for gate in watching:
        gate.observe(event)
