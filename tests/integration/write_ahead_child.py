"""A desk process that sends five orders through journal and socket, and kills itself -9 at a given point.

Usage: write_ahead_child.py JOURNAL PORT CRASH_POINT     (0 never crashes)
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from decimal import Decimal
from pathlib import Path

from rung.adapters.stores.sqlite import SqliteStore
from rung.domain.clock import ManualClock
from rung.domain.durable import Durable
from rung.domain.order import Order, OrderKind, Side
from rung.domain.target import Action, Protection
from rung.domain.verdicts import Approved
from rung.engine.write_ahead import JournalledOutcomes, dispatch, recorded_orders
from rung.execution.gateway import Ambiguous, OrderReport, VenueStatus
from rung.execution.outbox import Outbox
from rung.journal.entry import Entry, Kind
from rung.journal.journal import Journal, entries

ORDERS = 5


class Fuse:
    """Counts the points it passes and kills the process, hard, at the chosen one."""

    def __init__(self, at: int) -> None:
        self._left = at

    def pass_by(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class FusedJournal(Journal):
    fuse: Fuse

    def record_intent(self, approved: Approved[Order], at_ns: int) -> Durable[Approved[Order]]:
        self.fuse.pass_by()
        receipt = super().record_intent(approved, at_ns)
        self.fuse.pass_by()
        return receipt

    def append(self, kind: Kind, at_ns: int, payload: object) -> Entry:
        self.fuse.pass_by()
        entry = super().append(kind, at_ns, payload)
        self.fuse.pass_by()
        return entry


class SocketGateway:
    """Order entry over a loopback socket: one line out, one line back."""

    def __init__(self, port: int, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def send(self, intent: Durable[Approved[Order]]) -> OrderReport:
        report = self._ask("SEND", intent.thing.order.order_id)
        assert report is not None
        return report

    def find(self, order_id: str) -> OrderReport | None:
        return self._ask("FIND", order_id)

    def _ask(self, verb: str, order_id: str) -> OrderReport | None:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=5) as wire:
                wire.sendall(f"{verb} {order_id}\n".encode())
                self._fuse.pass_by()
                answer = wire.makefile().readline().strip()
        except OSError as error:
            raise Ambiguous(str(error)) from error
        self._fuse.pass_by()
        if not answer:
            raise Ambiguous("the socket closed without an answer")
        if answer == "NONE":
            return None
        return OrderReport(order_id=order_id, at_ns=0, status=VenueStatus(answer), filled_base=Decimal(1))


def approved(n: int) -> Approved[Order]:
    order = Order(
        order_id=f"order-{n}",
        at_ns=n,
        symbol=f"SYMBOL{n}",
        side=Side.BUY,
        kind=OrderKind.MARKET,
        quantity=Decimal(1),
        reference_price=Decimal(50),
        reduce_only=False,
        action=Action.ENTER_LONG,
        reason="crash test",
        strategy="crash",
        protection=Protection(stop_frac=0.015),
    )
    return Approved(order, n)


def main() -> None:
    path, port, crash_point = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    store = SqliteStore(path, writer="crash test")
    known = list(recorded_orders(entries(store)))
    fuse = Fuse(crash_point)
    journal = FusedJournal(store)
    journal.fuse = fuse
    clock = ManualClock(1)
    outbox = Outbox(SocketGateway(port, fuse), JournalledOutcomes(journal, clock), lambda: True)
    outbox.recover(known)
    for n in range(ORDERS):
        if f"order-{n}" not in outbox.states:
            dispatch(approved(n), journal, outbox, clock)
    journal.close()
    for order_id, state in outbox.states.items():
        print(order_id, state.value)


main()
