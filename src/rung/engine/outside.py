"""What reaches a desk beside the market: kill switch, maintenance, stop signals, re-arming, deposits.

Each is a plain record. The loop writes it into the journal first and applies it then; a replay of that journal
applies the same records at the same places and comes to the same decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from rung.domain.errors import UserError
from rung.engine.desk import Desk
from rung.risk.flag import PolledFlag
from rung.risk.guard import Guard
from rung.risk.kill import KillState
from rung.risk.rearming import Rearming

Record = Mapping[str, Any]


def kill_record(state: KillState) -> Record:
    return {"event": "kill", "why": state.why() or "", "flatten": state.flatten}


def maintenance_record(why: str | None) -> Record:
    return {"event": "maintenance", "why": why or ""}


def stop_record(why: str) -> Record:
    return {"event": "stop", "why": why}


def rearm_record(wish: Rearming) -> Record:
    return {"event": "rearm", "latch": wish.latch, "person": wish.person, "reason": wish.reason}


def transfer_record(amount_quote: Decimal, ref: str) -> Record:
    """amount_quote : paid in (> 0) or out (< 0)."""
    return {"event": "transfer", "amount_quote": str(amount_quote), "ref": ref}


class Outside:
    """Applies records to one desk. kill and maintenance are the flags its gates look at."""

    def __init__(self, desk: Desk, guard: Guard, maintenance: PolledFlag) -> None:
        self._desk = desk
        self._guard = guard
        self._maintenance = maintenance
        self._ways: dict[str, Callable[[Record, int], str]] = {
            "kill": self._kill,
            "maintenance": self._maintain,
            "stop": self._stop,
            "rearm": self._rearm,
            "transfer": self._transfer,
        }

    def apply(self, record: Record, at_ns: int) -> str:
        """Do what a record says; answers one sentence. Records of another kind are none of the desk's business.

        A wish that cannot be granted (the latch is not tripped) is no error here: the sentence says so.
        """
        way = self._ways.get(record.get("event", ""))
        return "" if way is None else way(record, at_ns)

    def _kill(self, record: Record, at_ns: int) -> str:
        self._guard.kill.found(record["why"] or None, flatten=record["flatten"])
        return f"kill switch on: {record['why']}" if record["why"] else "kill switch off"

    def _stop(self, record: Record, at_ns: int) -> str:
        """The last slice of a desk that was told to end: nothing opens, what is unfilled is withdrawn."""
        self._guard.kill.found(f"stopping on {record['why']}", flatten=self._guard.kill.flatten)
        return f"stopping on {record['why']}"

    def _maintain(self, record: Record, at_ns: int) -> str:
        self._maintenance.found(record["why"] or None)
        return f"maintenance: {record['why']}" if record["why"] else "maintenance over"

    def _rearm(self, record: Record, at_ns: int) -> str:
        try:
            return self._guard.rearm(record["latch"], at_ns, record["person"], record["reason"])
        except UserError as error:
            return f"{record['latch']} was not re-armed: {error}"

    def _transfer(self, record: Record, at_ns: int) -> str:
        self._desk.transfer(Decimal(record["amount_quote"]), at_ns=at_ns, ref=record["ref"])
        return f"transfer of {record['amount_quote']} ({record['ref']})"
