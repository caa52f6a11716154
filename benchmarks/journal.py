"""The journal against the disk it writes to (budget B8) and against SQLite without a chain.

    python -m benchmarks.journal [--rounds 5] [--seconds 1.0] [--folder DIR] [--json]

Every round measures every candidate once, in turn, so that a neighbour's load falls on all of them; the table shows
medians over the rounds, and the ratio to the limit measured in the same rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

from rung.adapters.stores.sqlite import SqliteReader, SqliteStore
from rung.adapters.stores.verify_file import verify_file
from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.order import Order, OrderKind, Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.target import Action, Lean, Protection, Signal, Target
from rung.domain.verdicts import Approved
from rung.journal.codec import decode, encode
from rung.journal.entry import Kind
from rung.journal.journal import Durability, Journal
from rung.journal.verify import verify

MINUTE = 60_000_000_000
OPEN = 1_757_943_000_000_000_000
SYMBOLS = ("TQQQ", "SQQQ", "SDS", "UVXY", "SSO", "SVIX")
ROW = 350
ENTRIES = 300_000
Sample = dict[str, float]


def approved(number: int) -> Approved[Order]:
    """An intent of about 350 bytes on disk."""
    order = Order(
        order_id=f"sim-rotation-{number}-1-1", at_ns=OPEN + number, symbol="TQQQ", side=Side.BUY, kind=OrderKind.MARKET,
        quantity=Decimal(412), reference_price=Decimal("81.2250"), reduce_only=False, action=Action.ENTER_LONG,
        reason="rank 1 of 6, strength 0.0312 above enter 0.0080", strategy="rotation",
        protection=Protection(stop_frac=0.015, take_profit_frac=0.03),
    )  # fmt: skip
    return Approved(order, OPEN + number)


def step(number: int) -> Step:
    """A minute of six symbols: 6 bars, 6 signals, 3 targets, 3 positions."""
    at = OPEN + number * MINUTE
    wave = (number * 0.618033988749895) % 1.0
    bars = {
        s: Bar(symbol=s, open_ns=at - MINUTE, interval_ns=MINUTE, open=round(20 + i + wave, 2),
               high=round(20.9 + i + wave, 2), low=round(19.9 + i, 2), close=round(20.4 + i + wave, 4),
               volume=float(1_000 + 37 * number))
        for i, s in enumerate(SYMBOLS)
    }  # fmt: skip
    positions = {
        s: Position(symbol=s, quantity=Decimal(400 + i), entry_price=Decimal("81.2250"), opened_ns=at - 9 * MINUTE,
                    mark_price=Decimal(str(bars[s].close)), entry_fees_quote=Decimal("1.2345"),
                    protection=Protection(stop_frac=0.015, take_profit_frac=0.03))
        for i, s in enumerate(SYMBOLS[:3])
    }  # fmt: skip
    account = Account(
        at_ns=at, currency="USD", cash_quote=Decimal("12345.67"), equity_quote=Decimal("100234.5678") + number,
        peak_equity_quote=Decimal("101234.5678"), session_start_equity_quote=Decimal("100000.00"),
        positions=positions, working={},
    )  # fmt: skip
    signals = tuple(
        Signal(at_ns=at, symbol=s, lean=Lean.LONG, probability=0.5 + wave / 3, confidence=wave / 7,
               strength=wave / 11, rank=i + 1)
        for i, s in enumerate(SYMBOLS)
    )  # fmt: skip
    targets = tuple(
        Target(
            at_ns=at, symbol=s, action=Action.HOLD, weight=None, reason="held 12 bars, rank 2", strength=wave, rank=2
        )
        for s in SYMBOLS[:3]
    )
    session = Session(date="2025-09-15", open_ns=OPEN, close_ns=OPEN + 390 * MINUTE)
    return Step(
        seq=number, event=Slice(at_ns=at, session=session, bars=bars), fills=(), account=account, signals=signals,
        targets=targets, verdicts=(),
    )  # fmt: skip


def timed(work: Callable[[int], object], seconds: float) -> Sample:
    """Call `work(1), work(2)…` for that long: calls per second, and the median and 99th percentile in microseconds."""
    took = list[float]()
    started = now = time.perf_counter()
    while now - started < seconds:
        work(len(took) + 1)
        now, before = time.perf_counter(), now
        took.append(now - before)
    took.sort()
    return {
        "per_s": len(took) / (now - started),
        "p50_us": took[len(took) // 2] * 1e6,
        "p99_us": took[int(len(took) * 0.99)] * 1e6,
    }


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder) as inner:
        yield Path(inner)


def bare_sync(folder: Path, seconds: float) -> Sample:
    """The disk's limit: one row into a file that is already there, one fdatasync."""
    with scratch(folder) as inner, (inner / "rows").open("wb+", buffering=0) as file:
        file.write(bytes(64 << 20))
        os.fsync(file.fileno())
        row = b"x" * ROW

        def write(number: int) -> None:
            os.pwrite(file.fileno(), row, (number * 4096) % (64 << 20))
            os.fdatasync(file.fileno())

        return timed(write, seconds)


def bare_sqlite(folder: Path, seconds: float, group: int) -> Sample:
    """SQLite in the same mode with the same row: no encoding, no chain, no note of the head."""
    with scratch(folder) as inner, closing(sqlite3.connect(inner / "bare.db", isolation_level=None)) as connection:
        connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            "CREATE TABLE rows (seq INTEGER PRIMARY KEY, at_ns INTEGER, kind TEXT, payload BLOB, prev BLOB, hash BLOB)"
        )
        rest = ("intent", b"x" * (ROW - 64), bytes(32), bytes(32))

        def write(number: int) -> None:
            rows = [((number - 1) * group + i, OPEN, *rest) for i in range(group)]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?)", rows)
            connection.execute("COMMIT")

        sample = timed(write, seconds)
        return sample | {"per_s": sample["per_s"] * group}


def journal_intents(folder: Path, seconds: float) -> Sample:
    """`record_intent`: encoded, chained, on disk, receipt in hand."""
    intents = [approved(n) for n in range(1_000)]
    with scratch(folder) as inner, Journal(SqliteStore(inner / "j.db", writer="benchmark")) as journal:
        return timed(lambda n: journal.record_intent(intents[n % 1_000], OPEN + n), seconds)


def journal_grouped(folder: Path, seconds: float, group: int) -> Sample:
    """`append` of intents, one commit for `group` of them."""
    intents = [approved(n) for n in range(group)]
    with scratch(folder) as inner:
        durability = Durability.grouped(group)
        with Journal(SqliteStore(inner / "j.db", writer="benchmark"), durability=durability) as journal:

            def write(number: int) -> None:
                for intent in intents:
                    journal.append(Kind.INTENT, OPEN + number, intent)

            sample = timed(write, seconds)
    return sample | {"per_s": sample["per_s"] * group}


def journal_steps(folder: Path, seconds: float) -> Sample:
    """`record` of whole steps in groups of 256, as a replay does."""
    steps = [step(n) for n in range(256)]
    with scratch(folder) as inner:
        durability = Durability.grouped(256)
        with Journal(SqliteStore(inner / "j.db", writer="benchmark"), durability=durability) as journal:

            def write(number: int) -> None:
                for one in steps:
                    journal.append(Kind.EVENT, OPEN + number, one)

            sample = timed(write, seconds)
    return sample | {"per_s": sample["per_s"] * 256}


def codec(seconds: float) -> dict[str, Sample]:
    one = step(77)
    payload = encode(one)
    return {
        f"encode a step ({len(payload):,} bytes)": timed(lambda _: encode(one), seconds / 4),
        "decode a step": timed(lambda _: decode(payload), seconds / 4),
    }


def filled(folder: Path, payload: Callable[[int], object], entries: int) -> Path:
    path = folder / f"{entries}-{payload.__name__}.db"
    with Journal(SqliteStore(path, writer="benchmark"), durability=Durability.grouped(5_000)) as journal:
        for n in range(entries):
            journal.append(Kind.EVENT, OPEN + n, payload(n))
    return path


def verified(path: Path, jobs: int) -> Sample:
    started = time.perf_counter()
    if jobs == 1:
        with closing(SqliteReader(path)) as reader:
            entries = verify(reader).entries
    else:
        entries = verify_file(path, jobs=jobs).entries
    return {"per_s": entries / (time.perf_counter() - started)}


def one_round(folder: Path, seconds: float, files: dict[str, Path]) -> dict[str, Sample]:
    cores = len(os.sched_getaffinity(0))
    return {
        LIMIT: bare_sync(folder, seconds),
        "SQLite, 1 row per commit, no chain": bare_sqlite(folder, seconds, 1),
        "journal, 1 intent per commit": journal_intents(folder, seconds),
        "SQLite, 100 rows per commit, no chain": bare_sqlite(folder, seconds, 100),
        "journal, 100 intents per commit": journal_grouped(folder, seconds, 100),
        "SQLite, 1000 rows per commit, no chain": bare_sqlite(folder, seconds, 1_000),
        "journal, 1000 intents per commit": journal_grouped(folder, seconds, 1_000),
        "journal, steps of six symbols, 256 per commit": journal_steps(folder, seconds),
        **codec(seconds),
        "verify intents, 1 process": verified(files["intents"], 1),
        f"verify intents, {cores} processes": verified(files["intents"], cores),
        "verify steps, 1 process": verified(files["steps"], 1),
        f"verify steps, {cores} processes": verified(files["steps"], cores),
    }


def medians(rounds: list[dict[str, Sample]]) -> dict[str, Sample]:
    return {
        name: {figure: statistics.median(r[name][figure] for r in rounds) for figure in sample}
        for name, sample in rounds[0].items()
    }


LIMIT = "fdatasync alone (the limit)"
BESIDE = {
    "SQLite, 1 row per commit, no chain": LIMIT,
    "journal, 1 intent per commit": LIMIT,
    "journal, 100 intents per commit": "SQLite, 100 rows per commit, no chain",
    "journal, 1000 intents per commit": "SQLite, 1000 rows per commit, no chain",
}
"""What a rate is divided by."""


def show(found: dict[str, Sample]) -> None:
    print(f"{'':<48}{'per second':>12}{'p50 us':>10}{'p99 us':>10}   rate")
    for name, sample in found.items():
        figures = [f"{sample[f]:>10,.1f}" if f in sample else " " * 10 for f in ("p50_us", "p99_us")]
        peer = BESIDE.get(name)
        ratio = f"   {sample['per_s'] / found[peer]['per_s']:.2f} x {peer.split(',')[0]}" if peer else ""
        print(f"{name:<48}{sample['per_s']:>12,.0f}{''.join(figures)}{ratio}")
    intent, limit = found["journal, 1 intent per commit"], found[LIMIT]
    budget = 2.5 * limit["p50_us"] + 1_000
    print(f"\nB8: intent durable, p99 {intent['p99_us']:,.0f} us; budget 2.5 fdatasync + 1 ms = {budget:,.0f} us")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=5)
    words.add_argument("--seconds", type=float, default=1.0, help="per candidate and round")
    words.add_argument("--folder", type=Path, default=Path(), help="a folder on the disk to be measured")
    words.add_argument("--entries", type=int, default=ENTRIES, help="length of the journals that are verified")
    words.add_argument("--json", action="store_true")
    given = words.parse_args()
    with scratch(given.folder) as inner:
        files = {"intents": filled(inner, approved, given.entries), "steps": filled(inner, step, given.entries)}
        found = medians([one_round(inner, given.seconds, files) for _ in range(given.rounds)])
    if given.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)


if __name__ == "__main__":
    main()
