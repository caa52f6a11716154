"""Makes the demo's market: labelled synthetic tapes in a folder."""

from __future__ import annotations

from pathlib import Path

from rung.apps.places import CACHE_DIR
from rung.market.calendar import LAST_DATE, xnys
from rung.market.synthetic import invent_market
from rung.market.tape_file import place_tape


def synthetic_tapes(folder: Path, first_date: str, days: int, seed: int) -> list[str]:
    """Invent `days` sessions from `first_date` on into `folder`; answers their dates. Real tapes are never replaced."""
    calendar = xnys(CACHE_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    for tape in invent_market(calendar, first_date, days, seed):
        place_tape(tape, folder)
    return [session.date for session in calendar.sessions(first_date, LAST_DATE)[:days]]
