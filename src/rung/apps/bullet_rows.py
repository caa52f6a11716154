"""Bullets as rows of a table that reads well in the width there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rung.journal.bullet import Bullet

_TEXT = 28
"""The last column, in sentences, wants so many characters."""
_BETWEEN = 3
_SHORT_ID = 8

_LAYOUTS = (  # "…" marks a shortened value
    ("id", "at (UTC)", "symbol", "action", "verdict", "result", "P&L", "regime", "why"),
    ("id", "at (UTC)", "symbol", "action", "verdict", "result", "P&L", "why"),
    ("id…", "at (UTC)…", "symbol", "action", "verdict", "result", "P&L", "why"),
    ("id…", "at (UTC)…", "symbol", "action", "what came of it"),
)
"""The least important first to go; in the last what came of it is in words, and only the regime is missing."""


class Rows(NamedTuple):
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]


def rows_of(bullets: Sequence[Bullet], width: int) -> Rows:
    """The fullest layout that leaves room for sentences in `width` characters; else the narrowest."""
    cells = [_cells(bullet) for bullet in bullets]
    fitting = (layout for layout in _LAYOUTS if _taken(layout[:-1], cells) + _TEXT <= width)
    columns = next(fitting, _LAYOUTS[-1])
    headers = tuple(name.removesuffix("…") for name in columns)
    return Rows(headers, [tuple(row[name] for name in columns) for row in cells])


def _taken(names: Sequence[str], cells: Sequence[dict[str, str]]) -> int:
    return _BETWEEN * (len(names) + 1) + sum(max([len(name), *(len(row[name]) for row in cells)]) for name in names)


def _cells(bullet: Bullet) -> dict[str, str]:
    approved = bullet.risk_check.get("approved")
    at = bullet.timestamp.replace("T", " ").removesuffix("Z")
    verdict = "no order" if approved is None else "approved" if approved else "refused"
    status = str(bullet.execution_result.get("status", ""))
    pnl = "" if bullet.pnl is None else f"{bullet.pnl:+,.2f}"
    why = "; ".join(bullet.risk_check.get("messages", ())) or str(bullet.llm_decision.get("rationale", ""))
    came = " ".join(part for part in (status if approved and status else verdict, pnl) if part)
    return {
        "id": bullet.id,
        "id…": bullet.id[:_SHORT_ID],
        "at (UTC)": at,
        "at (UTC)…": at[5:16],
        "symbol": bullet.symbol,
        "action": str(bullet.llm_decision.get("action", bullet.decision)),
        "verdict": verdict,
        "result": status,
        "P&L": pnl,
        "regime": " ".join(bullet.regime.values()),
        "why": why,
        "what came of it": f"{came}: {why}" if why else came,
    }
