"""The bullet: one decision with the state it was made in, what was done about it, and what came of it (ACE)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from rung.domain.errors import UserError

TRADE = "TRADE"
NO_TRADE = "NO_TRADE"
REJECTED = "rejected"
"""The tag of a decision the gateway refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullet:
    """One leg of one decision: an order with its verdict, or a wish that became no order.

    All values are plain JSON, figures are floats: a bullet is for analysis, the journal keeps the exact ones.

    state : market_data {symbol, price, volume, volume_24h, atr_14, ma_20, traded_per_minute_quote, timestamp},
        portfolio_state, regime {volatility, trend, liquidity}.
    action : llm_decision {decision, action, actions, stop_loss, take_profit, leverage, rationale …},
        risk_check {approved, violations, messages, limits, adjusted_size, adjusted_leverage}.
    result : execution_result, pnl, violations. Of an opening leg, pnl is the whole round trip's, net of fees; of
        a closing leg, what that leg realised. None while it is not known.
    edges : {type, target_id, weight} with type led_to, confirmed_by, invalidated_by or same_regime_as.
    """

    id: str
    timestamp: str
    at_ns: int
    symbol: str
    state: dict[str, Any]
    action: dict[str, Any]
    result: dict[str, Any] = field(default_factory=dict)
    edges: tuple[dict[str, Any], ...] = ()
    tags: tuple[str, ...] = ()
    notes: str = ""

    @property
    def market_data(self) -> dict[str, Any]:
        return _part(self.state, "market_data")

    @property
    def portfolio_state(self) -> dict[str, Any]:
        return _part(self.state, "portfolio_state")

    @property
    def regime(self) -> dict[str, str]:
        return _part(self.state, "regime")

    @property
    def llm_decision(self) -> dict[str, Any]:
        """Whoever decided: the name is the source's, also where a rule did."""
        return _part(self.action, "llm_decision")

    @property
    def risk_check(self) -> dict[str, Any]:
        return _part(self.action, "risk_check")

    @property
    def decision(self) -> str:
        """TRADE or NO_TRADE."""
        return str(self.llm_decision.get("decision", ""))

    @property
    def execution_result(self) -> dict[str, Any]:
        return _part(self.result, "execution_result")

    @property
    def pnl(self) -> float | None:
        """Quote currency, net of fees; None while it is not known."""
        found: float | None = self.result.get("pnl")
        return found

    @property
    def violations(self) -> list[str]:
        return list(self.risk_check.get("violations", ()))


def _part(whole: dict[str, Any], name: str) -> dict[str, Any]:
    part = whole.get(name)
    return part if isinstance(part, dict) else {}


def bullet_id(timestamp: str, symbol: str, decision: str, leg: str = "", run: str = "") -> str:
    """16 hex digits of SHA-256 over timestamp:symbol:decision, and over leg and run where they are given.

    One decision may have several legs, and two runs may decide on the same minute: `leg` (the order's id) and `run`
    keep them apart.
    """
    words = [timestamp, symbol, decision, *([leg] if leg or run else []), *([run] if run else [])]
    return hashlib.sha256(":".join(words).encode()).hexdigest()[:16]


def utc(at_ns: int) -> str:
    """ISO 8601 in UTC; a fraction only where there is one, nine digits."""
    seconds, fraction = divmod(at_ns, 1_000_000_000)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:09d}Z" if fraction else f"{text}Z"


to_json = msgspec.json.Encoder().encode
_from_json = msgspec.json.Decoder(Bullet).decode


def from_json(body: bytes | str) -> Bullet:
    """The bullet of `to_json`; UserError for anything else."""
    try:
        return _from_json(body)
    except msgspec.DecodeError as error:
        raise UserError(f"this is not a bullet: {error}", remedy="export it with `rung bullets export`") from None
