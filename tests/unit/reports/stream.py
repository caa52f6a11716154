"""Hand-made Steps: a toy account that books its own fills, so that reports can be held against plain arithmetic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.fill import Fill, Trigger
from rung.domain.order import Order, OrderKind, Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.target import Action, Lean, Signal, Target
from rung.domain.verdicts import Approved, Refused, Verdict, Violation, ViolationKind
from rung.reports.fold import RunFold
from rung.reports.info import Baseline, RunInfo, SkillRow, StampedCost, TapeInfo
from rung.reports.record import RunRecord

CAPITAL = Decimal(100_000)
FEE = Decimal("0.01")
SLIP = Decimal("0.02")
FIRST_OPEN_NS = 1_757_943_000_000_000_000  # 2025-09-15 09:30 New York
DAY_NS = 86_400_000_000_000
ZERO = Decimal(0)


@dataclass(frozen=True)
class Ask:
    """What a script wants at one bar: `shares` signed; it fills one bar later."""

    symbol: str
    shares: int
    action: Action
    reason: str = "the script says so"
    refused: tuple[ViolationKind, ...] = ()
    trigger: Trigger = Trigger.ORDER


@dataclass
class Toy:
    """Cash and positions kept by plain arithmetic, independent of the code under test."""

    cash: Decimal = CAPITAL
    quantity: dict[str, Decimal] = field(default_factory=dict)
    cost: dict[str, Decimal] = field(default_factory=dict)
    mark: dict[str, Decimal] = field(default_factory=dict)
    opened: dict[str, int] = field(default_factory=dict)
    peak: Decimal = CAPITAL
    session_start: Decimal = CAPITAL

    @property
    def equity(self) -> Decimal:
        return self.cash + sum((q * self.mark[s] for s, q in self.quantity.items()), ZERO)

    def fill(self, ask: Ask, at_ns: int, number: int, order_id: str, opening: Decimal) -> Fill:
        side = Side.BUY if ask.shares > 0 else Side.SELL
        price = opening + SLIP * side.sign
        shares = Decimal(abs(ask.shares))
        held = self.quantity.get(ask.symbol, ZERO)
        closes = held * side.sign < 0
        self.cash -= shares * price * side.sign + FEE * shares
        self.mark[ask.symbol] = opening
        self._hold(ask.symbol, held, shares * side.sign, price, at_ns)
        return Fill(
            fill_id=f"f{number}", order_id=order_id, at_ns=at_ns, symbol=ask.symbol, side=side, quantity=shares,
            price=price, reference_price=opening, fee_quote=FEE * shares, trigger=ask.trigger, action=ask.action,
            reason=ask.reason, closes=closes,
        )  # fmt: skip

    def _hold(self, symbol: str, held: Decimal, change: Decimal, price: Decimal, at_ns: int) -> None:
        after = held + change
        if after == 0:
            for book in (self.quantity, self.cost):
                del book[symbol]
            return
        if held == 0:
            self.opened[symbol] = at_ns
        if held * change >= 0:
            self.cost[symbol] = self.cost.get(symbol, ZERO) + abs(change) * price
        else:
            self.cost[symbol] *= abs(after / held)
        self.quantity[symbol] = after

    def account(self, at_ns: int) -> Account:
        self.peak = max(self.peak, self.equity)
        positions = {
            s: Position(
                symbol=s, quantity=q, entry_price=self.cost[s] / abs(q), opened_ns=self.opened[s],
                mark_price=self.mark[s], entry_fees_quote=FEE * abs(q),
            )
            for s, q in self.quantity.items()
        }  # fmt: skip
        return Account(
            at_ns=at_ns, currency="USD", cash_quote=self.cash, equity_quote=self.equity, peak_equity_quote=self.peak,
            session_start_equity_quote=self.session_start, positions=positions, working={},
        )  # fmt: skip


def session(day: int, bars: int = 390) -> Session:
    """The `day`-th weekday session from 2025-09-15 on."""
    week, weekday = divmod(day, 5)
    open_ns = FIRST_OPEN_NS + (7 * week + weekday) * DAY_NS
    date = str(np.datetime64(open_ns, "ns").astype("datetime64[D]"))
    return Session(date=date, open_ns=open_ns, close_ns=open_ns + bars * NS_PER_MINUTE)


def price(symbol_number: int, day: int, bar: int) -> float:
    """A made-up path on a five-cent grid: a slow climb, a saw-tooth, and a different level per symbol."""
    tooth = ((bar * 7 + symbol_number * 13 + day * 3) % 11 - 5) * 0.05
    return round(50 + 10 * symbol_number + 0.1 * day + 0.02 * bar + tooth, 2)


def play(
    script: Mapping[tuple[int, int], Sequence[Ask]],
    *,
    days: int,
    bars: int,
    symbols: Sequence[str] = ("AAA", "BBB"),
    prices: np.ndarray | None = None,
    notes: Mapping[tuple[int, int], str] | None = None,
) -> Iterator[Step]:
    """Steps of a script {(day, bar): asks}. `prices` (days, bars + 1, symbols) replaces the saw-tooth."""
    toy, pending, seq, fills_so_far = Toy(), [], 0, 0

    def at(number: int, day: int, bar: int) -> float:
        return float(prices[day, bar, number]) if prices is not None else price(number, day, bar)

    for day in range(days):
        hours = session(day, bars)
        toy.session_start = toy.equity
        for bar in range(bars):
            open_ns = hours.open_ns + bar * NS_PER_MINUTE
            event = Slice(at_ns=open_ns + NS_PER_MINUTE, session=hours, bars=_bars(symbols, open_ns, day, bar, at))
            fills = []
            for ask, order_id in pending:
                fills_so_far += 1
                opening = Decimal(str(event.bars[ask.symbol].open))
                fills.append(toy.fill(ask, open_ns, fills_so_far, order_id, opening))
            for symbol, made in event.bars.items():
                toy.mark[symbol] = Decimal(str(made.close))
            asks = script.get((day, bar), ())
            targets, verdicts, pending = _decide(asks, event)
            seq += 1
            yield Step(
                seq=seq, event=event, fills=tuple(fills), account=toy.account(event.at_ns),
                signals=_signals(symbols, event.at_ns, day, bar), targets=targets, verdicts=verdicts,
                notes=((notes or {}).get((day, bar), ""),) if (day, bar) in (notes or {}) else (),
            )  # fmt: skip


def _bars(symbols, open_ns, day, bar, at) -> dict[str, Bar]:  # type: ignore[no-untyped-def]
    made = {}
    for number, symbol in enumerate(symbols):
        opening, closing = at(number, day, bar), at(number, day, bar + 1)
        made[symbol] = Bar(
            symbol=symbol, open_ns=open_ns, interval_ns=NS_PER_MINUTE, open=opening, high=max(opening, closing) + 0.03,
            low=min(opening, closing) - 0.03, close=closing, volume=10_000.0,
        )  # fmt: skip
    return made


def _signals(symbols: Sequence[str], at_ns: int, day: int, bar: int) -> tuple[Signal, ...]:
    """Confidence grows through the run; the last symbol is never ranked."""
    return tuple(
        Signal(
            at_ns=at_ns, symbol=symbol, lean=Lean.LONG if i < len(symbols) - 1 else Lean.NEUTRAL,
            probability=0.55, confidence=min(0.9, 0.1 + 0.05 * day + 0.001 * bar + 0.01 * i),
            strength=0.05 * (i + 1) if i < len(symbols) - 1 else 0.0, rank=i + 1 if i < len(symbols) - 1 else 0,
        )
        for i, symbol in enumerate(symbols)
    )  # fmt: skip


def _decide(asks: Sequence[Ask], event: Slice) -> tuple[tuple[Target, ...], tuple[Verdict, ...], list[tuple[Ask, str]]]:
    targets, verdicts, pending = [], [], []
    for ask in asks:
        weight = 0.0 if ask.action not in (Action.ENTER_LONG, Action.ENTER_SHORT) else 0.3
        targets.append(
            Target(
                at_ns=event.at_ns, symbol=ask.symbol, action=ask.action, weight=weight, reason=ask.reason,
                strength=0.05, rank=1,
            )
        )  # fmt: skip
        order = Order(
            order_id=f"toy-{event.at_ns // NS_PER_MINUTE}-{ask.symbol}", at_ns=event.at_ns, symbol=ask.symbol,
            side=Side.BUY if ask.shares > 0 else Side.SELL, kind=OrderKind.MARKET, quantity=Decimal(abs(ask.shares)),
            reference_price=Decimal(str(event.bars[ask.symbol].close)), reduce_only=weight == 0.0, action=ask.action,
            reason=ask.reason, strategy="toy",
        )  # fmt: skip
        if ask.refused:
            broken = tuple(
                Violation(kind=k, gate=k.name.lower(), message=f"{k.name.lower()} says no") for k in ask.refused
            )
            verdicts.append(Refused(order=order, violations=broken, at_ns=event.at_ns))
        else:
            verdicts.append(Approved(order, event.at_ns))
            pending.append((ask, order.order_id))
    return tuple(targets), tuple(verdicts), pending


def small_script() -> dict[tuple[int, int], list[Ask]]:
    """Two sessions: a win, a loss, a short, a scale-out in two legs, refusals, and an end-of-day exit each day."""
    enter, leave = Action.ENTER_LONG, Action.EXIT
    refused = (ViolationKind.NOTIONAL_SYMBOL, ViolationKind.MAX_POSITIONS)
    return {
        (0, 2): [Ask("AAA", 300, enter, "rank 1")],
        (0, 4): [Ask("BBB", 500, enter, "rank 2", refused=refused)],
        (0, 6): [Ask("AAA", -100, leave, "scale out"), Ask("BBB", -200, Action.ENTER_SHORT, "leans short")],
        (0, 9): [Ask("AAA", -200, leave, "rank 6 is worse than 5")],
        (0, 20): [Ask("BBB", 200, Action.STOP_LOSS, "stop", trigger=Trigger.STOP)],
        (0, 25): [Ask("BBB", 150, enter, "rank 1")],
        (0, 36): [Ask("BBB", -150, Action.EOD_EXIT, "2 min to the close")],
        (1, 3): [Ask("AAA", 400, enter, "rank 1")],
        (1, 5): [Ask("BBB", 100, enter, "rank 3", refused=(ViolationKind.END_OF_DAY,))],
        (1, 15): [Ask("AAA", -400, Action.PROFIT_TARGET, "target", trigger=Trigger.TAKE_PROFIT)],
        (1, 21): [Ask("AAA", 100, enter, "rank 1")],
        (1, 36): [Ask("AAA", -100, Action.EOD_EXIT, "2 min to the close")],
    }


def small_run() -> Iterator[Step]:
    """The small script over two sessions of 40 minutes."""
    return play(small_script(), days=2, bars=40, notes={(1, 0): "AAA was carried overnight: no bar to fill on"})


SIX = ("TQQQ", "SQQQ", "SPXL", "SDS", "UVXY", "SVXY")


def busy_run(*, days: int, bars: int = 390, seed: int = 3, drift: float = 0.0) -> Iterator[Step]:
    """Six symbols on seeded random walks, entered and left all day long: for pages and stopwatches."""
    rng = np.random.default_rng(seed)
    moves = rng.normal(drift, 0.0008, (days * (bars + 1), len(SIX)))
    walk = np.exp(np.cumsum(moves, axis=0)) * np.array([80.0, 20.0, 150.0, 18.0, 12.0, 22.0])
    prices = np.round(walk, 2).reshape(days, bars + 1, len(SIX))
    script: dict[tuple[int, int], list[Ask]] = {}
    for day in range(days):
        for number, symbol in enumerate(SIX):
            bar = 5 + 9 * number
            while bar < bars - 45:
                hold = int(rng.integers(6, 40))
                shares = int(30_000 / prices[day, bar, number])
                script.setdefault((day, bar), []).append(Ask(symbol, shares, Action.ENTER_LONG, "rank 1"))
                why = (Action.EXIT, Action.ROTATE_OUT, Action.PROFIT_TARGET, Action.STOP_LOSS)[int(rng.integers(4))]
                script.setdefault((day, bar + hold), []).append(Ask(symbol, -shares, why, "the walk turned"))
                bar += hold + int(rng.integers(10, 60))
            if number == 2:
                refused = (ViolationKind.NOTIONAL_GROSS,) if day % 2 else (ViolationKind.MAX_POSITIONS,)
                script.setdefault((day, 3), []).append(Ask(symbol, 10, Action.ENTER_LONG, "rank 4", refused=refused))
    return play(script, days=days, bars=bars, symbols=SIX, prices=prices)


def about(symbols: Sequence[str] = ("AAA", "BBB"), **other: object) -> RunInfo:
    """What a run of these steps says about itself, with doubts, costs, skill and shuffles to show."""
    facts: dict[str, object] = {
        "strategy_name": "Rotation Strategy", "strategy_version": "2.0", "symbols": tuple(symbols),
        "capital_quote": CAPITAL, "config_id": "c0ffee123456", "code_version": "0.1.0", "seed": 7, "synthetic": False,
        "tapes": (TapeInfo(symbol=symbols[0], tape_id="9f3a", warnings=("2 false high/low prints on 2025-09-15",)),),
        "costs": (StampedCost(name="half-spread", value="2 cents"), StampedCost(name="fees", value="1 cent per share")),
        "skill": tuple(
            SkillRow(symbol=s, horizon_bars=h, samples=5200, mse_ratio=1.01 + 0.01 * i - 0.004 * h)
            for i, s in enumerate(symbols) for h in (1, 5, 10)
        ),
        "baselines": (Baseline(name="shuffled signals", total_returns_frac=(-0.012, -0.004, 0.001, 0.003, -0.02)),),
    }  # fmt: skip
    return RunInfo(**{**facts, **other})  # type: ignore[arg-type]


def folded(steps: Iterable[Step]) -> RunRecord:
    fold = RunFold()
    for step in steps:
        fold.see(step)
    return fold.record()
