"""Everything the gateway must not forget over a restart, as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rung.domain.account import Account
from rung.domain.order import Order
from rung.domain.view import View
from rung.risk.gate import Advises, Gate, Keeps
from rung.risk.global_state import GlobalRiskState
from rung.risk.latches import Latches


def remembered(gates: Iterable[Gate], latches: Latches, global_state: GlobalRiskState | None = None) -> dict[str, Any]:
    """Gates that count, latches and global level in one dict of strings, integers and lists."""
    return {
        "gates": {gate.name: dict(gate.memory()) for gate in gates if isinstance(gate, Keeps)},
        "latches": latches.to_dict(),
        "global": None if global_state is None else global_state.to_dict(),
    }


def recall(
    memory: Mapping[str, Any],
    gates: Iterable[Gate],
    latches: Latches,
    global_state: GlobalRiskState | None = None,
) -> None:
    """Bring back what `remembered` said. What is new since starts fresh; a tripped latch never vanishes."""
    for gate in gates:
        if isinstance(gate, Keeps) and gate.name in memory["gates"]:
            gate.recall(memory["gates"][gate.name])
    latches.restore(memory["latches"])
    if global_state is not None and memory["global"] is not None:
        global_state.restore(memory["global"])


def snapshot(account: Account) -> dict[str, Any]:
    """Figures of an account for people and for `rung risk`: exact decimals as text."""
    return {
        "at_ns": account.at_ns,
        "currency": account.currency,
        "equity_quote": str(account.equity_quote),
        "gross_notional_quote": str(account.gross_notional_quote),
        "positions": {
            symbol: {"quantity": str(position.quantity), "mark_price": str(position.mark_price)}
            for symbol, position in account.positions.items()
            if position.quantity
        },
    }


class Advice:
    """What the gates say to people about orders they let through: each gate once per symbol and session."""

    def __init__(self, gates: Iterable[Gate]) -> None:
        self._advisers = [(gate.name, gate) for gate in gates if isinstance(gate, Advises)]
        self._date = ""
        self._given: set[tuple[str, str]] = set()

    def on(self, orders: Iterable[Order], view: View) -> tuple[str, ...]:
        """For the notes of a step."""
        if view.slice.session.date != self._date:
            self._date = view.slice.session.date
            self._given.clear()
        said: list[str] = []
        for order in orders:
            for name, gate in self._advisers:
                if (name, order.symbol) in self._given:
                    continue
                sentences = gate.advise(order, view, ())
                if sentences:
                    self._given.add((name, order.symbol))
                    said += sentences
        return tuple(said)
