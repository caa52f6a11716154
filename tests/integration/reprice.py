"""Reprices a recorded run from the bars alone: every fill, fee, P&L and the equity, by the published assumptions.

Independent on purpose: it reads `trades_D.jsonl`, `decisions_D.jsonl` and `positions_D.jsonl`, the Parquet bars and the
cost file, and shares no code with the simulator, the ledger or the reports. Money is counted in fractions; every
disagreement becomes one sentence.
"""

from __future__ import annotations

import json
import tomllib
from bisect import bisect_left, bisect_right
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl

D = Decimal
CENT, TICK, GRID, BPS = D("0.01"), D("0.01"), D("0.0001"), D("0.0001")
DAY_MS = 86_400_000
HALF_CENT, HALF_MILLIONTH = Fraction(1, 200), Fraction(1, 1_000_000)

Line = Mapping[str, Any]


@dataclass(frozen=True)
class Bar:
    """Prices as a person reads them; `open_ms` to `known_ms`, UTC."""

    open_ms: int
    known_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal


@dataclass(frozen=True)
class Terms:
    """What a run was made with.

    flagged : symbol → `open_ms` of bars with a false print.   target_after_ms : how long after the first entry the
    strategy places the profit target (its minimum hold); 0 when the entry order carries it.
    """

    capital: Decimal
    stop_frac: Decimal | None
    take_profit_frac: Decimal | None
    flagged: Mapping[str, frozenset[int]] = field(default_factory=dict)
    target_after_ms: int = 0


@dataclass
class Repriced:
    """mismatches : one sentence each.   known_ms : per trade line, when its bar became known (None: unexplained)."""

    mismatches: list[str]
    known_ms: list[int | None]
    cash: Fraction
    held: dict[str, Fraction]


def read_lines(paths: Iterable[Path]) -> list[Line]:
    """All lines of the files in order, numbers in their own digits."""
    return [
        json.loads(text, parse_float=D, parse_int=int)
        for path in paths
        for text in path.read_text("utf-8").splitlines()
        if text
    ]


def read_tape(path: Path, first_ms: int, last_ms: int, interval_ms: int = 60_000) -> list[Bar]:
    """The bars of a Parquet file that open in [first_ms, last_ms], in order."""
    stamp = pl.col("timestamp").dt.epoch("ms").alias("ms")
    frame = pl.read_parquet(path).with_columns(stamp).filter(pl.col("ms").is_between(first_ms, last_ms)).sort("ms")
    columns = ("ms", "open", "high", "low", "close", "volume")
    return [
        Bar(ms, ms + interval_ms, *(D(repr(float(x))) for x in numbers))
        for ms, *numbers in frame.select(columns).iter_rows()
    ]


def read_costs(path: Path) -> dict[str, Any]:
    """The cost file as it stands, numbers in their own digits."""
    return tomllib.loads(path.read_text("utf-8"), parse_float=D)


def fee(costs: Mapping[str, Any], line: Line, *, buys: bool, nights_short: int = 0) -> Decimal:
    """Every charge rounded up to the cent; outside the dated table the highest of each column."""
    fees, shares, price = costs["fees"], D(line["shares"]), D(line["exec_price"])
    day = datetime.fromtimestamp(line["timestamp_ms"] / 1000, UTC).date()
    rows = [row for row in fees["rates"] if row["valid_from"] <= day]
    columns = ("sec_per_million_quote", "taf_per_share_quote", "taf_cap_quote", "cat_per_share_quote")
    if not rows or day > date.fromisoformat(str(fees["checked_through"])):
        sec, taf, taf_cap, cat = (max(D(row[name]) for row in fees["rates"]) for name in columns)
    else:
        sec, taf, taf_cap, cat = (D(rows[-1][name]) for name in columns)
    commission = max(D(fees["commission_per_share_quote"]) * shares, D(fees["commission_min_quote"]))
    loan = D(fees["borrow_annual_bps"]) * BPS * shares * price * nights_short / 360
    charges = [commission, cat * shares, loan]
    if not buys:
        charges += [sec * shares * price / 1_000_000, min(taf * shares, taf_cap)]
    return sum((charge.quantize(CENT, ROUND_CEILING) for charge in charges), D(0))


def crossed(costs: Mapping[str, Any], reference: Decimal, sign: int) -> Decimal:
    """`reference` with half-spread and slippage against a buyer (+1) or a seller (−1), rounded against him."""
    terms = costs["slippage"]
    half_spread = max(reference * D(terms["half_spread_bps"]) * BPS, D(terms["min_half_spread_quote"]))
    cost = half_spread + reference * D(terms["slippage_bps"]) * BPS
    return (reference + sign * cost).quantize(GRID, ROUND_CEILING if sign > 0 else ROUND_FLOOR)


@dataclass
class _Held:
    """One position while its lines are walked through."""

    quantity: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    fees: Fraction = Fraction(0)
    stopped_ms: int | None = None
    """When the bar ended in which the stop was triggered; what it could not sell it sells at the following opens."""
    entered_in: int = -1
    opened_ms: int = 0

    def level(self, move: Decimal | None, *, gains: bool) -> Decimal | None:
        """Stop or target: the average entry moved by `move`, rounded to the tick away from it."""
        if move is None or self.quantity == 0:
            return None
        up = (self.quantity > 0) == gains
        raw = self.cost / self.quantity * (1 + (1 if up else -1) * Fraction(move)) / Fraction(TICK)
        ticks = -(-raw.numerator // raw.denominator) if up else raw.numerator // raw.denominator
        return ticks * TICK


class _Walk:
    """Goes through one symbol's bars and lines together and notes what does not fit."""

    def __init__(self, symbol: str, costs: Mapping[str, Any], terms: Terms, into: Repriced, changed: list[int]) -> None:
        """`changed`: when the strategy decided anything but to hold; that withdraws whatever works, stops too."""
        self.symbol, self.costs, self.terms, self.into, self.changed = symbol, costs, terms, into, changed
        self.held = _Held()
        self.room_left: dict[int, Decimal] = {}
        self.filled_in: dict[int, int] = {}

    def run(self, tape: Sequence[Bar], lines: Iterable[tuple[int, Line]]) -> None:
        queue = deque(lines)
        starts = [bar.open_ms for bar in tape]
        first = bisect_left(starts, queue[0][1]["timestamp_ms"] - 120_000) if queue else len(tape)
        for bar in tape[first:]:
            if not queue and self.held.quantity == 0:
                break
            if bar.volume > 0 and min(bar.open, bar.high, bar.low, bar.close) > 0:
                self._bar(bar, queue)
        for number, line in queue:
            self._say(number, f"no bar explains this fill at {line['timestamp_ms']}")

    def _bar(self, bar: Bar, queue: deque[tuple[int, Line]]) -> None:
        cap = D(self.costs["liquidity"]["max_participation_frac"])
        if self.held.stopped_ms is not None and self._decided(self.held.stopped_ms, bar.open_ms):
            self.held.stopped_ms = None
        self.room_left[bar.open_ms] = (bar.volume * cap).to_integral_value(ROUND_FLOOR)
        while queue and queue[0][1]["timestamp_ms"] == bar.open_ms and self._acts_at_open(queue[0][1]):
            self._fill(*queue.popleft(), bar, reference=bar.open)
        if self._stop(bar, queue) or self.held.stopped_ms is not None:
            return
        target = self.held.level(self.terms.take_profit_frac, gains=True)
        if queue and queue[0][1]["trigger"] == "TAKE_PROFIT" and target is not None:
            at_ms = self._target_ms(bar, target)
            if at_ms == queue[0][1]["timestamp_ms"]:
                self._fill(*queue.popleft(), bar, reference=target, costs_nothing=True)

    def _decided(self, from_ms: int, to_ms: int) -> bool:
        return bisect_left(self.changed, from_ms) < bisect_right(self.changed, to_ms)

    def _acts_at_open(self, line: Line) -> bool:
        return bool(line["trigger"] == "ORDER" or (line["trigger"] == "STOP" and self.held.stopped_ms is not None))

    def _stop(self, bar: Bar, queue: deque[tuple[int, Line]]) -> bool:
        """True when the stop acts in this bar; then the next line must be its fill, unless the bar has no room."""
        level = self.held.level(self.terms.stop_frac, gains=False)
        if level is None or self.held.stopped_ms is not None:
            return False
        is_long = self.held.quantity > 0
        if bar.low > level if is_long else bar.high < level:
            return False
        gapped = bar.open <= level if is_long else bar.open >= level
        at_ms, reference = (bar.open_ms, bar.open) if gapped else (bar.known_ms, level)
        self.held.stopped_ms = bar.known_ms
        if self.room_left[bar.open_ms] < 1:
            return True
        if not queue or queue[0][1]["trigger"] != "STOP" or queue[0][1]["timestamp_ms"] != at_ms:
            self.into.mismatches.append(f"{self.symbol}: the stop at {level} should have filled at {at_ms}")
            return True
        self._fill(*queue.popleft(), bar, reference=reference)
        return True

    def _target_ms(self, bar: Bar, target: Decimal) -> int | None:
        """When the profit target fills in this bar; None when it cannot."""
        is_long = self.held.quantity > 0
        if self.held.entered_in == bar.open_ms or bar.open_ms < self.held.opened_ms + self.terms.target_after_ms:
            return None
        if bar.open > target if is_long else bar.open < target:
            return bar.open_ms
        through = bar.high > target if is_long else bar.low < target
        false_print = bar.open_ms in self.terms.flagged.get(self.symbol, ())
        return bar.known_ms if through and not false_print else None

    def _fill(self, number: int, line: Line, bar: Bar, *, reference: Decimal, costs_nothing: bool = False) -> None:
        entry, is_long = line["action"] == "ENTRY", line["direction"] == "LONG"
        sign = 1 if entry == is_long else -1
        price = reference if costs_nothing else crossed(self.costs, reference, sign)
        self._same(number, line, "reference_price", reference)
        self._same(number, line, "exec_price", price)
        self._same(number, line, "price", price)
        self._same(number, line, "value", D(line["shares"]) * price)
        covers = not entry and not is_long
        nights = line["timestamp_ms"] // DAY_MS - self.held.opened_ms // DAY_MS if covers else 0
        self._same(number, line, "fees", fee(self.costs, line, buys=sign > 0, nights_short=nights))
        self.room_left[bar.open_ms] -= D(line["shares"])
        if self.room_left[bar.open_ms] < 0 or D(line["shares"]) % 1:
            self._say(number, f"more than the bar's share, or no whole lots: {line['shares']}")
        self.into.known_ms[number] = bar.known_ms
        self.filled_in[number] = bar.open_ms
        self._position(number, line, sign, bar)

    def _position(self, number: int, line: Line, sign: int, bar: Bar) -> None:
        """Move position and cash by the line as it is told, and check what it claims to have earned."""
        held, shares, price = self.held, Fraction(D(line["shares"])), Fraction(D(line["exec_price"]))
        charge = Fraction(D(line["fees"]))
        self.into.cash -= sign * shares * price + charge
        if line["action"] == "ENTRY":
            if held.quantity * sign < 0:
                self._say(number, "an entry against the open position")
            held.opened_ms = held.opened_ms if held.quantity else bar.open_ms
            held.cost += sign * shares * price
            held.fees += charge
            held.entered_in = bar.open_ms
        elif held.quantity * sign >= 0 or shares > abs(held.quantity):
            self._say(number, f"an exit of {shares} from a position of {held.quantity}")
            return
        else:
            part = shares / abs(held.quantity)
            cost, entry_fees = held.cost * part, held.fees * part
            earned = -sign * shares * price - cost - charge - entry_fees
            self._near(number, line, "pnl", earned, HALF_CENT)
            self._near(number, line, "pnl_pct", earned / abs(cost), HALF_MILLIONTH)
            held.cost, held.fees = held.cost - cost, held.fees - entry_fees
        held.quantity += sign * shares
        if held.quantity == 0:
            self.held = _Held()
        if "position_after" in line:
            self._same(number, line, "position_after", self.held.quantity)
        self.into.held[self.symbol] = self.held.quantity

    def _same(self, number: int, line: Line, name: str, expected: Decimal | Fraction) -> None:
        if D(line[name]) != expected:
            self._say(number, f"{name} is {line[name]}, the bars and costs say {expected}")

    def _near(self, number: int, line: Line, name: str, expected: Fraction, tolerance: Fraction) -> None:
        if abs(Fraction(D(line[name])) - expected) > tolerance:
            self._say(number, f"{name} is {line[name]}, the bars and costs say {float(expected):.6f}")

    def _say(self, number: int, what: str) -> None:
        self.into.mismatches.append(f"trade {number + 1} ({self.symbol}): {what}")


def reprice(
    trades: Sequence[Line],
    tapes: Mapping[str, Sequence[Bar]],
    costs: Mapping[str, Any],
    terms: Terms,
    decisions: Sequence[Line],
) -> Repriced:
    """Everything in `trades` that the decisions, the bars, the costs and the assumptions do not explain.

    An order fill must be in the first bar after its decision that had room for it; a stop that is touched must fill.
    """
    result = Repriced([], [None] * len(trades), Fraction(terms.capital), {})
    by_symbol: dict[str, list[tuple[int, Line]]] = defaultdict(list)
    for number, line in enumerate(trades):
        by_symbol[line["symbol"]].append((number, line))
    for symbol, lines in by_symbol.items():
        own = [line for line in decisions if line["symbol"] == symbol and line["decision"] != "HOLD"]
        walk = _Walk(symbol, costs, terms, result, [line["timestamp_ms"] for line in own])
        walk.run(tapes.get(symbol, ()), lines)
        result.mismatches.extend(_late(walk, lines, tapes.get(symbol, ()), own))
    return result


def _late(walk: _Walk, lines: list[tuple[int, Line]], tape: Sequence[Bar], decisions: list[Line]) -> list[str]:
    """Order fills that skipped a bar with room, or that nobody decided."""
    said: dict[str, list[int]] = defaultdict(list)
    for line in decisions:
        said[line["decision"]].append(line["timestamp_ms"])
    starts = [bar.open_ms for bar in tape]
    found = []
    for number, line in lines:
        if line["trigger"] != "ORDER" or number not in walk.filled_in:
            continue
        times = said[line["decision"]]
        place = bisect_right(times, line["timestamp_ms"])
        if place == 0:
            found.append(f"trade {number + 1} ({walk.symbol}): nobody decided {line['decision']}")
            continue
        between = tape[bisect_left(starts, times[place - 1]) : bisect_left(starts, walk.filled_in[number])]
        skipped = [bar.open_ms for bar in between if walk.room_left.get(bar.open_ms, bar.volume) >= 1]
        if skipped:
            found.append(f"trade {number + 1} ({walk.symbol}): skipped the bar at {skipped[0]}")
    return found


def recount(
    trades: Sequence[Line],
    known_ms: Sequence[int | None],
    snapshots: Sequence[Line],
    tapes: Mapping[str, Sequence[Bar]],
    capital: Decimal,
) -> list[str]:
    """Snapshots whose `current_equity` is not, to the cent, cash plus positions at the newest closes known by then."""
    flows = deque(sorted((ms, n) for n, ms in enumerate(known_ms) if ms is not None))
    ends = {symbol: [bar.known_ms for bar in tape] for symbol, tape in tapes.items()}
    cash, held, found = Fraction(capital), defaultdict(Fraction), []
    for snapshot in snapshots:
        now = snapshot["timestamp_ms"]
        while flows and flows[0][0] <= now:
            line = trades[flows.popleft()[1]]
            sign = 1 if (line["action"] == "ENTRY") == (line["direction"] == "LONG") else -1
            cash -= sign * Fraction(D(line["value"])) + Fraction(D(line["fees"]))
            held[line["symbol"]] += sign * Fraction(D(line["shares"]))
        equity = cash
        for symbol, quantity in held.items():
            if quantity:
                equity += quantity * Fraction(tapes[symbol][bisect_right(ends[symbol], now) - 1].close)
        if abs(equity - Fraction(D(snapshot["current_equity"]))) > HALF_CENT:
            found.append(f"equity at {now} is {snapshot['current_equity']}, recounted {float(equity):.4f}")
    return found
