"""The truth for tests of the compiled backtest: the same bars and decisions through a whole desk, in decimals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rung.allocation.allocate import Allocator
from rung.allocation.sizing import SizingParams, whole_lots
from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.fill import Fill
from rung.domain.instrument import AssetClass, Instrument
from rung.domain.order import Order
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Action, Protection, Target
from rung.domain.verdicts import Violation
from rung.domain.view import View
from rung.engine.desk import Desk
from rung.kernels.bars import layout as at
from rung.kernels.bars.basket import BasketBars
from rung.kernels.bars.params import BarRules
from rung.kernels.bars.portfolio import Bars
from rung.ledger.ledger import Ledger
from rung.risk.guard import Guard
from rung.risk.latches import Latches
from rung.simulation.fees import FlatBpsFees
from rung.simulation.liquidity import ParticipationCap
from rung.simulation.params import LiquidityParams, SlippageParams
from rung.simulation.slippage import SpreadSlippage
from rung.simulation.venue import SimVenue
from rung.strategy.port import Strategy

START_NS = 1_735_689_600_000_000_000  # 2025-01-01 00:00 UTC
Row = NDArray[np.float64]


class Permits:
    """A gate that lets everything pass: without any gate the desk opens nothing."""

    name = "permits"
    halts = False

    def check(self, order: Order, view: View, ahead: Sequence[Order]) -> Sequence[Violation]:
        return ()


def build_desk(strategy: Strategy, allocator: Allocator, venue: SimVenue, ledger: Ledger) -> Desk:
    """A desk whose gates and latches refuse nothing. Only this function of these tests knows the constructor."""
    guard = Guard(gates=(Permits(),), latches=Latches(()))
    return Desk(strategy=strategy, allocator=allocator, guard=guard, venue=venue, ledger=ledger)


class ByRules(Allocator):
    """The desk's allocator; but an entry may be a fixed notional, or capped, as in the kernel."""

    def __init__(self, rules: BarRules, instruments: Mapping[str, Instrument], *, by_direction: bool) -> None:
        sizes = SizingParams(min_position_quote=rules.min_position_quote)
        super().__init__(strategy="bars", instruments=instruments, params=sizes)
        self._rules = rules
        self._fixed = rules.notional_quote if by_direction else None

    def _wanted(self, target: Target, view: View) -> Decimal | None:
        lots, most = super()._wanted(target, view), self._rules.max_notional_quote
        if not lots and (self._fixed is None or lots is None or target.weight == 0.0):
            return lots
        value = self._fixed if self._fixed is not None else None
        close = Decimal(repr(float(view.slice.bars[target.symbol].close)))
        lot = self._rules.lot_size
        if value is not None:
            size = whole_lots(value if most is None else min(value, most), close, lot)
        else:
            size = abs(lots) if most is None else min(abs(lots), whole_lots(most, close, lot))
        assert target.weight is not None
        return size if target.weight > 0 else -size


class Follows:
    """A strategy that is told: a direction or weights per slice. It knows the account only through its view."""

    name = "follows"

    def __init__(self, rules: BarRules, directions: NDArray[np.int8] | None, weights: Row | None, atr: Row) -> None:
        self._rules, self._directions, self._weights, self._atr = rules, directions, weights, atr
        self._row, self._asked, self._signal = -1, 0, at.KEEP
        self._guard: Protection | None = None

    def decide(self, view: View) -> Sequence[Target]:
        self._row += 1
        multiple = self._rules.trail_atr
        trail = None if multiple is None or np.isnan(self._atr[self._row]) else float(multiple * self._atr[self._row])
        rules = self._rules
        guard = Protection(
            stop_frac=rules.stop_frac, take_profit_frac=rules.take_profit_frac, trail_frac=rules.trail_frac,
            trail_quote=trail,
        )  # fmt: skip
        self._guard = guard if guard != Protection() else None
        return (*self._trailing(view, trail), *self._decided(view))

    def _trailing(self, view: View, trail: float | None) -> Sequence[Target]:
        """What holds is guarded by the newest ATR; without one, or without a price, it stays as it is."""
        if trail is None or "S0" not in view.account.positions or not 0.0 < view.slice.bars["S0"].close < np.inf:
            return ()
        at_ns, guard = view.slice.at_ns, self._guard
        return [
            Target(at_ns=at_ns, symbol="S0", action=Action.GUARD, weight=None, reason="newest ATR", protection=guard)
        ]

    def _decided(self, view: View) -> Sequence[Target]:
        if self._weights is not None:
            row = np.atleast_1d(self._weights[self._row])
            return [self._target(view, f"S{i}", float(w)) for i, w in enumerate(row) if not np.isnan(w)]
        assert self._directions is not None
        wanted = int(self._directions[self._row])
        if wanted == at.KEEP or not 0.0 < view.slice.bars["S0"].close < np.inf:
            return ()
        crossed, self._signal = wanted != self._signal, wanted
        position = view.account.positions.get("S0")
        stance = 0 if position is None else (1 if position.quantity > 0 else -1)
        works = "S0" in view.account.working
        aim = wanted
        if wanted not in (0, stance):
            late = self._rules.only_on_cross and not crossed and not (works and self._asked == wanted)
            if late or (stance != 0 and not self._rules.flips):
                aim = 0
        if aim == stance and not (works and self._asked != aim):
            return ()
        self._asked = aim
        return [self._target(view, "S0", aim * (self._rules.equity_frac or 1.0))]

    def _target(self, view: View, symbol: str, weight: float) -> Target:
        action = Action.EXIT if weight == 0.0 else Action.ENTER_LONG if weight > 0 else Action.ENTER_SHORT
        guard = self._guard if weight != 0.0 else None
        return Target(
            at_ns=view.slice.at_ns, symbol=symbol, action=action, weight=weight, reason="told", protection=guard
        )


def slices(columns: Sequence[Bars], gaps_seed: int | None = None) -> Iterator[Slice]:
    """The rows as slices of one-minute bars; a volume of NaN is a missing bar. gaps_seed : minutes missing between."""
    session = columns[0].session
    rng = np.random.default_rng(gaps_seed)
    skipped = np.zeros(len(session), int) if gaps_seed is None else rng.integers(1, 4, len(session)) - 1
    minutes = np.cumsum(1 + skipped)
    for number in np.unique(session):
        rows = np.flatnonzero(session == number)
        open_ns = START_NS + (int(minutes[rows[0]]) - 1) * NS_PER_MINUTE
        slack = int(gaps_seed is not None and rows[-1] + 1 < len(minutes) and skipped[rows[-1] + 1] > 0)
        close_ns = START_NS + (int(minutes[rows[-1]]) + slack) * NS_PER_MINUTE
        day = Session(date=f"day {number}", open_ns=open_ns, close_ns=close_ns)
        for t in rows:
            at_ns = START_NS + int(minutes[t]) * NS_PER_MINUTE
            found = {f"S{i}": one_bar(b, int(t), f"S{i}", at_ns) for i, b in enumerate(columns) if is_there(b, int(t))}
            yield Slice(at_ns=at_ns, session=day, bars=found)


def columns_of(bars: BasketBars) -> list[Bars]:
    """A basket's symbols, one by one; missing bars stay NaN."""
    names = ("open", "high", "low", "close", "volume")
    return [
        Bars(**{name: getattr(bars, name)[:, s] for name in names}, session=bars.session)
        for s in range(bars.close.shape[1])
    ]


def is_there(bars: Bars, t: int) -> bool:
    return not np.isnan(bars.volume[t])


def one_bar(bars: Bars, t: int, symbol: str, at_ns: int) -> Bar:
    o, h, l, c, v = (float(x[t]) for x in (bars.open, bars.high, bars.low, bars.close, bars.volume))  # noqa: E741
    return Bar(
        symbol=symbol, open_ns=at_ns - NS_PER_MINUTE, interval_ns=NS_PER_MINUTE,
        open=o, high=h, low=l, close=c, volume=v,
    )  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """fills : (row, symbol number, lots signed, price, fee, trigger; TRAIL for a stop that had followed).

    equity : at every row.
    """

    fills: list[tuple[Any, ...]]
    equity: list[float]
    orders: list[Order]


def on_the_desk(
    columns: Sequence[Bars],
    rules: BarRules,
    *,
    directions: NDArray[np.int8] | None = None,
    weights: Row | None = None,
    gaps_seed: int | None = None,
) -> Truth:
    """Everything the desk did with these bars and decisions. Of several symbols none may trail."""
    assert (rules.trail_atr is None and rules.trail_frac is None) or len(columns) == 1
    assert rules.max_participation_frac is not None
    instruments = {
        f"S{i}": Instrument(
            symbol=f"S{i}", venue="sim", asset_class=AssetClass.CRYPTO_PERP, quote_currency="USD",
            tick_size=rules.tick_size, lot_size=rules.lot_size, min_notional=Decimal(0),
        )
        for i in range(len(columns))
    }  # fmt: skip
    costs = SlippageParams(
        half_spread_bps=rules.half_spread_bps,
        min_half_spread_quote=rules.min_half_spread_quote,
        slippage_bps=rules.slippage_bps,
    )
    venue = SimVenue(
        fees=FlatBpsFees(maker_bps=rules.maker_bps, taker_bps=rules.taker_bps),
        slippage=SpreadSlippage(costs),
        liquidity=ParticipationCap(LiquidityParams(max_participation_frac=rules.max_participation_frac)),
        instruments=instruments,
    )
    allocator = ByRules(rules, instruments, by_direction=directions is not None)
    desk = build_desk(
        Follows(rules, directions, weights, columns[0].atr), allocator, venue, Ledger("USD", rules.capital_quote)
    )
    steps = [desk.step(event) for event in slices(columns, gaps_seed)]
    fills = [
        (t, int(f.symbol[1:]), int(f.quantity / rules.lot_size) * f.side.sign, f.price, f.fee_quote, _trigger(f))
        for t, step in enumerate(steps)
        for f in step.fills
    ]
    orders = [v.order for step in steps for v in step.verdicts]
    return Truth(fills, [float(step.account.equity_quote) for step in steps], orders)


def _trigger(fill: Fill) -> str:
    return "TRAIL" if fill.reason.startswith("trailing stop") else str(fill.trigger)


def triggers(fills: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """The kernel's fills with the desk's word for what made them."""
    words = {
        at.EXIT: "ORDER",
        at.ENTRY: "ORDER",
        at.STOPPED: "STOP",
        at.TRAILED: "TRAIL",
        at.TOOK_PROFIT: "TAKE_PROFIT",
    }
    return [(*fill[:5], words[fill[5]]) for fill in fills]
