"""The repricer finds nothing in a sound record, and every kind of wrong number in an unsound one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.integration.reprice import Bar, Line, Terms, fee, read_costs, read_lines, read_tape, recount, reprice

from rung.config.load import load
from rung.domain.bar import Bar as MarketBar
from rung.domain.fill import Fill
from rung.domain.instrument import us_equity
from rung.domain.order import Order, OrderKind, Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Action, Protection
from rung.domain.verdicts import Approved
from rung.ledger.holding import Holding, pieces
from rung.ledger.ledger import Ledger
from rung.simulation.compose import sim_venue
from rung.simulation.params import CostParams

D = Decimal
COSTS = Path(__file__).resolve().parents[2] / "config" / "costs.toml"
SYMBOL = "TQQQ"
MINUTE_MS = 60_000
OPEN_MS = 1_744_032_600_000  # 2025-04-07 09:30 New York: the SEC fee is still 27.80
CAPITAL = D(100_000)
TERMS = Terms(CAPITAL, stop_frac=D("0.015"), take_profit_frac=D("0.03"))
GUARD = Protection(stop_frac=0.015, take_profit_frac=0.03)


def bars(*rows: tuple[float, float, float, float, float]) -> list[Bar]:
    return [
        Bar(OPEN_MS + n * MINUTE_MS, OPEN_MS + (n + 1) * MINUTE_MS, *(D(repr(float(x))) for x in row))
        for n, row in enumerate(rows)
    ]


class Record:
    """Drives the real venue and ledger over a tape and writes down what `rung mock` writes down."""

    def __init__(self, tape: Sequence[Bar]) -> None:
        self.tape = tape
        self.venue = sim_venue(load(COSTS, CostParams).value, {SYMBOL: us_equity(SYMBOL)})
        self.ledger = Ledger("USD", CAPITAL)
        self.holding = Holding()
        self.trades: list[dict[str, Any]] = []
        self.decisions: list[dict[str, Any]] = []
        self.snapshots: list[dict[str, Any]] = []

    def play(self, orders: dict[int, Sequence[tuple[Action, int]]]) -> Record:
        """`orders`: after which bar (by number) what is sent."""
        for number, bar in enumerate(self.tape):
            day = datetime.fromtimestamp(bar.open_ms / 1000, UTC).date().isoformat()
            event = Slice(at_ns=bar.known_ms * 10**6, session=Session(date=day, open_ns=0, close_ns=2**62), bars={
                SYMBOL: MarketBar(
                    symbol=SYMBOL, open_ns=bar.open_ms * 10**6, interval_ns=MINUTE_MS * 10**6, open=float(bar.open),
                    high=float(bar.high), low=float(bar.low), close=float(bar.close), volume=float(bar.volume),
                )
            })  # fmt: skip
            for fill in self.venue.advance(event):
                self.write(fill)
            self.ledger.mark(SYMBOL, float(bar.close))
            account = self.ledger.account(event.at_ns, self.venue.protections(), self.venue.working())
            self.snapshots.append({"timestamp_ms": bar.known_ms, "current_equity": account.equity_quote})
            for action, quantity in orders.get(number, ()):
                self.send(f"o{number}-{action}", event.at_ns, action, quantity)
        return self

    def send(self, order_id: str, at_ns: int, action: Action, quantity: int) -> None:
        enters = action in (Action.ENTER_LONG, Action.ENTER_SHORT)
        self.decisions.append({"timestamp_ms": at_ns // 10**6, "symbol": SYMBOL, "decision": action.value})
        common: dict[str, Any] = {
            "at_ns": at_ns, "symbol": SYMBOL, "reference_price": D(1), "action": action, "reason": "", "strategy": "t",
        }  # fmt: skip
        side = Side.BUY if (action is Action.ENTER_LONG) or (not enters and quantity < 0) else Side.SELL
        if SYMBOL in self.venue.working():
            cancel = Order(
                order_id=order_id + "-c", side=side, kind=OrderKind.CANCEL, quantity=D(0), reduce_only=True, **common
            )
            self.venue.submit(Approved(cancel, at_ns))
        order = Order(
            order_id=order_id, side=side, kind=OrderKind.MARKET, quantity=D(abs(quantity)),
            reduce_only=not enters, protection=GUARD if enters else None, **common,
        )  # fmt: skip
        self.venue.submit(Approved(order, at_ns))

    def write(self, fill: Fill) -> None:
        self.ledger.book(fill)
        held = self.holding
        for piece in pieces(fill, held.quantity):
            cost, fees = held.cost, held.fees
            realised = held.take(piece, fill.price, fill.at_ns)
            long = (piece.signed > 0) != piece.closes
            line: dict[str, Any] = {
                "timestamp_ms": fill.at_ns // 10**6, "symbol": fill.symbol, "decision": fill.action.value,
                "action": "EXIT" if piece.closes else "ENTRY", "direction": "LONG" if long else "SHORT",
                "shares": abs(piece.signed), "price": fill.price, "reference_price": fill.reference_price,
                "exec_price": fill.price, "value": abs(piece.signed) * fill.price, "fees": piece.fee,
                "reason": fill.reason, "trigger": fill.trigger.value,
            }  # fmt: skip
            if piece.closes:
                pnl = realised - piece.fee - (fees - held.fees)
                line |= {"pnl": pnl, "pnl_pct": pnl / abs(cost - held.cost)}
            self.trades.append(line)

    def complaints(self, terms: Terms = TERMS) -> list[str]:
        result = reprice(self.trades, {SYMBOL: self.tape}, read_costs(COSTS), terms, self.decisions)
        found = list(result.mismatches)
        found += recount(self.trades, result.known_ms, self.snapshots, {SYMBOL: self.tape}, terms.capital)
        if not any(result.held.values()) and result.cash != self.ledger.equity_quote:
            found.append(f"final equity {self.ledger.equity_quote}, recounted {result.cash}")
        return found


BUSY = 1e6
QUIET = (100.0, 100.5, 99.5, 100.0, BUSY)
STOPPED = bars(QUIET, QUIET, (100.0, 100.2, 98.0, 98.2, BUSY), QUIET)
GAPPED = bars(QUIET, QUIET, (95.0, 96.0, 94.0, 95.0, BUSY), QUIET)
TARGETED = bars(QUIET, QUIET, (100.0, 104.0, 99.9, 103.5, BUSY), QUIET)
THIN = bars(
    QUIET, (100.0, 100.1, 99.9, 100.0, 605), QUIET, (98.0, 98.1, 97.0, 97.5, 305), (97.0, 97.1, 96.9, 97.0, BUSY)
)
ENTER = {0: [(Action.ENTER_LONG, 100)]}
ROUND_TRIP = {0: [(Action.ENTER_LONG, 100)], 2: [(Action.EXIT, 100)]}


@pytest.mark.parametrize(
    ("tape", "orders", "triggers"),
    [
        (bars(QUIET, QUIET, QUIET, (101.0, 101.0, 100.5, 100.7, BUSY)), ROUND_TRIP, ["ORDER", "ORDER"]),
        (STOPPED, ENTER, ["ORDER", "STOP"]),
        (GAPPED, ENTER, ["ORDER", "STOP"]),
        (TARGETED, ENTER, ["ORDER", "TAKE_PROFIT"]),
        (THIN, ENTER, ["ORDER", "ORDER", "STOP", "STOP"]),
        (STOPPED, {0: [(Action.ENTER_SHORT, 100)], 2: [(Action.EXIT, -100)]}, ["ORDER", "ORDER"]),
    ],
)
def test_a_sound_record_is_explained_to_the_last_line(
    tape: list[Bar], orders: dict[int, Sequence[tuple[Action, int]]], triggers: list[str]
) -> None:
    record = Record(tape).play(orders)
    assert [line["trigger"] for line in record.trades] == triggers
    assert record.complaints() == []


@pytest.mark.parametrize(
    ("name", "wrong", "complaint"),
    [
        ("reference_price", D("98.50"), "reference_price is 98.50, the bars and costs say 98.51"),
        ("exec_price", D("98.50"), "exec_price is 98.50"),
        ("price", D("98.50"), "price is 98.50"),
        ("value", D("1"), "value is 1"),
        ("fees", D("0.30"), "fees is 0.30"),
        ("pnl", D("-150"), "pnl is -150"),
        ("pnl_pct", D("-0.014"), "pnl_pct is -0.014"),
        ("shares", D("200"), "an exit of 200 from a position of 100"),
        ("shares", D("99.5"), "no whole lots"),
        ("timestamp_ms", OPEN_MS, "no bar explains this fill"),
        ("trigger", "ORDER", "the stop at 98.51 should have filled"),
        ("action", "ENTRY", "exec_price"),
    ],
)
def test_one_wrong_number_is_found(name: str, wrong: object, complaint: str) -> None:
    record = Record(STOPPED).play(ENTER)
    assert record.trades[1]["trigger"] == "STOP"
    record.trades[1][name] = wrong
    assert any(complaint in told for told in record.complaints())


def test_a_stop_that_did_not_fill_is_missed() -> None:
    record = Record(STOPPED).play(ENTER)
    del record.trades[1]
    assert any("should have filled" in told for told in record.complaints())


def test_a_profit_taken_without_being_traded_through_is_found() -> None:
    record = Record(TARGETED).play(ENTER)
    tape = [*record.tape[:2], *bars(QUIET, QUIET, (100.0, 103.03, 99.9, 103.0, BUSY))[2:], record.tape[3]]
    target = record.trades[1]["exec_price"]
    assert target == D("103.03")
    assert reprice(record.trades, {SYMBOL: tape}, read_costs(COSTS), TERMS, record.decisions).mismatches != []


def test_a_profit_taken_on_a_false_print_is_found() -> None:
    record = Record(TARGETED).play(ENTER)
    flagged = Terms(CAPITAL, TERMS.stop_frac, TERMS.take_profit_frac, {SYMBOL: frozenset({TARGETED[2].open_ms})})
    assert any("no bar explains" in told for told in record.complaints(flagged))


def test_a_profit_taken_before_the_target_was_placed_is_found() -> None:
    record = Record(TARGETED).play(ENTER)
    early = Terms(CAPITAL, TERMS.stop_frac, TERMS.take_profit_frac, target_after_ms=2 * MINUTE_MS)
    assert any("no bar explains" in told for told in record.complaints(early))


def test_more_than_the_bars_share_is_found() -> None:
    record = Record(STOPPED).play(ENTER)
    thin = [*STOPPED[:1], *bars(QUIET, (100.0, 100.5, 99.5, 100.0, 900.0))[1:], *STOPPED[2:]]
    found = reprice(record.trades, {SYMBOL: thin}, read_costs(COSTS), TERMS, record.decisions).mismatches
    assert any("more than the bar's share" in told for told in found)


def test_a_fill_that_skipped_a_bar_is_found() -> None:
    record = Record(bars(QUIET, QUIET, QUIET, QUIET)).play({1: [(Action.ENTER_LONG, 100)]})
    record.decisions[0]["timestamp_ms"] -= MINUTE_MS
    assert any("skipped the bar" in told for told in record.complaints())


def test_a_fill_nobody_decided_is_found() -> None:
    record = Record(bars(QUIET, QUIET, QUIET)).play(ENTER)
    record.decisions[0]["decision"] = "EXIT"
    assert any("nobody decided ENTER_LONG" in told for told in record.complaints())


def test_a_wrong_equity_is_found() -> None:
    record = Record(STOPPED).play(ENTER)
    record.snapshots[2]["current_equity"] += D("0.01")
    assert [told for told in record.complaints() if told.startswith("equity at")] != []


def test_fees_are_the_ones_of_the_day() -> None:
    line = {"shares": D(200), "exec_price": D(50), "timestamp_ms": OPEN_MS}
    costs = read_costs(COSTS)
    assert fee(costs, line, buys=True) == D("0.01")
    assert fee(costs, line, buys=False) == D("0.28") + D("0.04") + D("0.01")
    assert fee(costs, {**line, "timestamp_ms": OPEN_MS + 90 * 86_400_000}, buys=False) == D("0.05")


def test_lines_and_tapes_are_read_in_their_own_digits(tmp_path: Path) -> None:
    lines = tmp_path / "trades.jsonl"
    lines.write_text('{"price": 50.10, "shares": 3}\n\n{"price": 1e-7}\n', "utf-8")
    assert [line["price"] for line in read_lines([lines])] == [D("50.10"), D("1E-7")]
    stamps = [datetime(2025, 4, 7, 13, 30 + n, tzinfo=UTC) for n in (1, 0)]
    frame = {
        "timestamp": stamps,
        "open": [1.1, 2.2],
        "high": [3.3] * 2,
        "low": [0.1] * 2,
        "close": [1.0] * 2,
        "volume": [5, 6],
    }
    pl.DataFrame(frame).write_parquet(tmp_path / "X_1m.parquet")
    tape = read_tape(tmp_path / "X_1m.parquet", OPEN_MS, OPEN_MS + MINUTE_MS)
    assert [(bar.open_ms, bar.open, bar.volume) for bar in tape] == [
        (OPEN_MS, D("2.2"), D("6.0")),
        (OPEN_MS + MINUTE_MS, D("1.1"), D("5.0")),
    ]


def wandering(seed: int, minutes: int) -> tuple[list[Bar], np.random.Generator]:
    """A tape that moves enough to stop out, target out, gap and dry up."""
    chance = np.random.default_rng(seed)
    price, rows = 50.0, []
    for _ in range(minutes):
        opened = round(price * float(np.exp(chance.normal(0, 0.003))), 4)
        path = opened * np.exp(np.cumsum(chance.normal(0, 0.004, 4)))
        price = round(float(path[-1]), 4)
        high, low = round(max(opened, *path), 4), round(min(opened, *path), 4)
        rows.append(
            (opened, max(high, opened, price), min(low, opened, price), price, float(chance.choice([0, 300, 5e3, 1e6])))
        )
    return bars(*rows), chance


def test_a_short_over_the_night_pays_its_loan() -> None:
    evening = bars(QUIET, QUIET)
    morning = [
        Bar(b.open_ms + 86_400_000, b.known_ms + 86_400_000, b.open, b.high, b.low, b.close, b.volume) for b in evening
    ]
    record = Record([*evening, *morning]).play({0: [(Action.ENTER_SHORT, 100)], 2: [(Action.EXIT, -100)]})
    assert [line["fees"] for line in record.trades] == [D("0.31"), D("1.40")]
    assert record.complaints() == []


@pytest.mark.parametrize("seed", range(20))
def test_a_long_record_of_everything_is_explained(seed: int) -> None:
    tape, chance = wandering(seed, 380)
    kinds = [Action.ENTER_LONG, Action.EXIT]
    orders = {n: [(kinds[(n // 9) % 2], int(chance.integers(1, 400)))] for n in range(0, 370, 9)}
    record = Record(tape).play(orders)
    assert len(record.trades) > 30
    assert {line["trigger"] for line in record.trades} >= {"ORDER", "STOP"}
    assert record.complaints() == []


@pytest.mark.data
def test_a_record_on_real_minutes_is_explained(real_data: Path) -> None:
    first = int(datetime(2025, 4, 7, tzinfo=UTC).timestamp() * 1000)
    tape = read_tape(real_data / "equities" / "UVXY_1m.parquet", first, first + 3 * 86_400_000)
    assert len(tape) > 1000
    orders = {n: [((Action.ENTER_LONG, Action.EXIT)[(n // 23) % 2], 700)] for n in range(0, len(tape) - 30, 23)}
    record = Record(tape).play(orders)
    assert {line["trigger"] for line in record.trades} == {"ORDER", "STOP", "TAKE_PROFIT"}
    assert record.complaints() == []


def test_a_record_survives_its_way_through_a_file(tmp_path: Path) -> None:
    record = Record(THIN).play(ENTER)
    path = tmp_path / "trades.jsonl"
    path.write_text("".join(written(record.trades)), "utf-8")
    lines: list[Line] = read_lines([path])
    assert reprice(lines, {SYMBOL: THIN}, read_costs(COSTS), TERMS, record.decisions).mismatches == []


def written(lines: Iterable[dict[str, Any]]) -> Iterable[str]:
    """As the session files are: decimals as numbers."""
    for line in lines:
        yield json.dumps({k: float(v) if isinstance(v, Decimal) else v for k, v in line.items()}) + "\n"
