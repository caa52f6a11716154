"""P1: kill -9 at every point between journal, send, answer and acknowledgement; restart; the invariants hold."""

from __future__ import annotations

import signal
import socketserver
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from rung.adapters.stores.sqlite import SqliteReader
from rung.engine.write_ahead import recorded_orders
from rung.execution.lifecycle import OrderState

CHILD = Path(__file__).with_name("write_ahead_child.py")
MORE_POINTS_THAN_THERE_ARE = 60


class ModelVenue(socketserver.ThreadingTCPServer):
    """Fills every order it hears of, remembers how often it heard of each, and can hang up instead of answering."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Line)
        self.heard: Counter[str] = Counter()
        self.hang_up_on: set[str] = set()


class Line(socketserver.StreamRequestHandler):
    server: ModelVenue

    def handle(self) -> None:
        verb, order_id = self.rfile.readline().decode().split()
        if verb == "SEND":
            self.server.heard[order_id] += 1
            if order_id in self.server.hang_up_on:
                return
        self.wfile.write(b"FILLED\n" if order_id in self.server.heard else b"NONE\n")


@pytest.fixture
def venue() -> Iterator[ModelVenue]:
    with ModelVenue() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def run_child(journal: Path, venue: ModelVenue, crash_point: int = 0) -> subprocess.CompletedProcess[str]:
    port = venue.server_address[1]
    return subprocess.run(
        [sys.executable, str(CHILD), str(journal), str(port), str(crash_point)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def states(journal: Path) -> dict[str, OrderState]:
    reader = SqliteReader(journal)
    try:
        return dict(recorded_orders(reader.read()))
    finally:
        reader.close()


def check_invariants(journal: Path, venue: ModelVenue) -> None:
    recorded = states(journal)
    assert set(venue.heard) <= set(recorded), "an order reached the venue without a durable intent"
    assert all(times == 1 for times in venue.heard.values()), "an order was sent twice"
    filled = {i for i, state in recorded.items() if state is OrderState.FILLED}
    assert filled == set(venue.heard), "desk and venue disagree"
    assert set(recorded.values()) <= {OrderState.FILLED, OrderState.ABSENT}
    assert len(recorded) == 5


def test_killed_at_every_point_nothing_leaves_unrecorded_nothing_leaves_twice_and_the_books_agree(
    venue: ModelVenue, tmp_path: Path
) -> None:
    crashes = 0
    for point in range(1, MORE_POINTS_THAN_THERE_ARE):
        venue.heard.clear()
        journal = tmp_path / f"{point}.sqlite"
        first = run_child(journal, venue, point)
        if first.returncode == 0:
            break
        assert first.returncode == -signal.SIGKILL, first.stderr
        crashes += 1
        if journal.exists():
            assert set(venue.heard) <= set(states(journal))
        second = run_child(journal, venue)
        assert second.returncode == 0, second.stderr
        check_invariants(journal, venue)
    assert crashes >= 25, f"only {crashes} crash points were reached"
    check_invariants(journal, venue)


def test_lost_answers_are_settled_by_asking_after_a_restart(venue: ModelVenue, tmp_path: Path) -> None:
    venue.hang_up_on = {"order-1", "order-3"}
    journal = tmp_path / "journal.sqlite"
    first = run_child(journal, venue)
    assert first.returncode == 0, first.stderr
    assert states(journal)["order-1"] is OrderState.UNKNOWN
    second = run_child(journal, venue)
    assert second.returncode == 0, second.stderr
    check_invariants(journal, venue)
    assert set(venue.heard) == {f"order-{n}" for n in range(5)}
