"""A desk with one symbol whose strategy does what it is told at given minutes; and the bars to run it on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

from tests.unit.risk import made

from rung.allocation.allocate import Allocator
from rung.allocation.sizing import SizingParams
from rung.config.load import load
from rung.domain.bar import Bar
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.instrument import us_equity
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.target import Action, Protection, Target
from rung.domain.view import View
from rung.engine.desk import Desk
from rung.execution.venue import Venue
from rung.ledger.ledger import Ledger
from rung.risk.flag import PolledFlag
from rung.risk.guard import Guard
from rung.risk.params import ScreenLimits
from rung.simulation.compose import sim_venue
from rung.simulation.params import CostParams
from rung.strategy.port import Strategy

COSTS = Path(__file__).resolve().parents[3] / "config" / "costs.toml"
OPEN_NS = 1_757_943_000 * 1_000_000_000  # 2025-09-15 13:30 UTC
SESSION = Session(date="2025-09-15", open_ns=OPEN_NS, close_ns=OPEN_NS + 390 * NS_PER_MINUTE)
CAPITAL = Decimal(100_000)
INSTRUMENTS = {"TQQQ": us_equity("TQQQ")}

Decide = Callable[[View], Sequence[Target]]


class Scripted:
    """A strategy that does what it is told at given minutes."""

    name = "scripted"

    def __init__(self, script: dict[int, Decide]) -> None:
        self._script = script

    def decide(self, view: View) -> Sequence[Target]:
        minute = view.slice.session.minutes_since_open(view.slice.at_ns)
        return self._script.get(minute, lambda _: ())(view)


def enter(weight: float = 0.3, stop: float | None = 0.015) -> Decide:
    return lambda view: [
        Target(
            at_ns=view.slice.at_ns,
            symbol="TQQQ",
            action=Action.ENTER_LONG,
            weight=weight,
            reason="script",
            protection=Protection(stop_frac=stop),
        )
    ]


def leave(view: View) -> Sequence[Target]:
    return [Target(at_ns=view.slice.at_ns, symbol="TQQQ", action=Action.EXIT, weight=0.0, reason="script")]


def sim() -> Venue:
    return sim_venue(load(COSTS, CostParams).value, INSTRUMENTS)


def desk(
    script: dict[int, Decide],
    maintenance: PolledFlag | None = None,
    *,
    guard: Guard | None = None,
    venue: Venue | None = None,
    strategy: Strategy | None = None,
) -> Desk:
    return Desk(
        strategy=strategy or Scripted(script),
        allocator=Allocator(strategy="scripted", instruments=INSTRUMENTS, params=SizingParams()),
        guard=guard or made.guard(ScreenLimits(), maintenance=maintenance or made.down()),
        venue=venue or sim(),
        ledger=Ledger("USD", CAPITAL),
    )


def slice_at(minute: int, price: float = 50.0, volume: float = 1e6, session: Session = SESSION) -> Slice:
    open_ns = session.open_ns + (minute - 1) * NS_PER_MINUTE
    bar = Bar(
        symbol="TQQQ",
        open_ns=open_ns,
        interval_ns=NS_PER_MINUTE,
        open=price,
        high=price * 1.001,
        low=price * 0.999,
        close=price,
        volume=volume,
    )
    return Slice(at_ns=open_ns + NS_PER_MINUTE, session=session, bars={"TQQQ": bar})
