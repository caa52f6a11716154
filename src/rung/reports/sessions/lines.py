"""The lines of the JSONL session files: names instead of codes, UTC milliseconds and `bar_id` on every line.

`bar_id` is the minute since the epoch in which the line became known (`timestamp_ms // 60000`). Money and quantities
are exact decimal numbers; `pnl_pct` is a fraction (0.01 = 1 %), as the source's own `jq` filters need it.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

ZERO = Decimal(0)


class SignalLine(msgspec.Struct, frozen=True, gc=False):
    """What was believed of one symbol; `rank` 0 means a filter held it back."""

    timestamp_ms: int
    bar_id: int
    symbol: str
    signal: str
    probability: float
    confidence: float
    strength: float
    rank: int


class DecisionLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the strategy wanted; `refused` names every rule its orders broke, `refused_orders` counts those orders."""

    timestamp_ms: int
    bar_id: int
    symbol: str
    decision: str
    reason: str
    rank: int
    strength: float
    refused: tuple[str, ...] = ()
    refused_orders: int = 0


class TradeLine(msgspec.Struct, frozen=True, kw_only=True):
    """One fill. `price` and `exec_price` are what was paid; `reference_price` is before spread and slippage."""

    timestamp_ms: int
    bar_id: int
    symbol: str
    decision: str
    action: str
    direction: str
    shares: Decimal
    price: Decimal
    reference_price: Decimal
    exec_price: Decimal
    value: Decimal
    fees: Decimal
    slippage: Decimal
    trigger: str
    reason: str
    order_id: str
    fill_id: str
    cash: Decimal
    position_after: Decimal
    pnl: Decimal = ZERO
    pnl_pct: Decimal = ZERO
    bars_held: int = 0


class EntryLine(TradeLine, frozen=True, kw_only=True):
    """An opening fill, with the belief its order was approved on (null when the strategy does not explain itself).

    It realises nothing, and says so: without `pnl_pct` the filter `select(.pnl_pct < -0.01)` would let it through,
    because null sorts before every number in `jq`.
    """

    signal_probability: float | None
    signal_confidence: float | None
    signal_rank: int | None


class ExitLine(TradeLine, frozen=True, kw_only=True):
    """A closing fill; `pnl` is net of its fee and of its share of the entry fees."""


class PositionLine(msgspec.Struct, frozen=True, gc=False):
    """An open position inside a snapshot; `pnl` is unrealised, before fees."""

    symbol: str
    direction: str
    shares: Decimal
    entry_price: Decimal
    current_price: Decimal
    pnl: Decimal
    pnl_pct: Decimal
    bars_held: int
    current_rank: int
    current_strength: float


class SnapshotLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The account after one slice. `bar` counts from 0 in the session.

    `synthetic` appears only when it is true, `notes` only when there are any.
    """

    timestamp_ms: int
    bar_id: int
    bar: int
    positions: Sequence[PositionLine]
    total_unrealized_pnl: Decimal
    current_equity: Decimal
    cash: Decimal
    session_start_equity: Decimal
    config_id: str
    synthetic: bool = False
    notes: tuple[str, ...] = ()


def line_encoder() -> msgspec.json.Encoder:
    """Decimals as JSON numbers in their own digits."""
    return msgspec.json.Encoder(decimal_format="number")
