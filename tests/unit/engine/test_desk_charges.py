"""A desk on a venue that charges: funding is booked before the account is shown, recorded and journalled."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from tests.unit.ledger.made import buy, sell
from tests.unit.risk import made
from tests.unit.simulation.made_perps import BTC, DAY_NS, START_NS, history, perpetual

from rung.allocation.allocate import Allocator
from rung.allocation.sizing import SizingParams
from rung.config.load import load
from rung.domain.bar import Bar
from rung.domain.charge import Charge, ChargeKind
from rung.domain.clock import NS_PER_MINUTE
from rung.domain.fill import Fill, Trigger
from rung.domain.order import Order
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.target import Action, Protection, Target
from rung.domain.verdicts import Approved
from rung.domain.view import View
from rung.engine.desk import Desk
from rung.execution.venue import Charging, Venue
from rung.journal.codec import decode, encode
from rung.ledger.ledger import Ledger
from rung.risk.params import ScreenLimits
from rung.simulation.compose import crypto_venue
from rung.simulation.params import CryptoCostParams

D = Decimal
CAPITAL = D(100_000)
COSTS = Path(__file__).resolve().parents[3] / "config" / "costs_crypto.toml"
HOUR_NS = 60 * NS_PER_MINUTE
RATES = ("0", "0.0001", "-0.0002", *["0"] * 20)


class EntersOnce:
    """Wants a third of the equity in the perpetual, from the first slice on."""

    name = "enters once"

    def __init__(self) -> None:
        self._done = False

    def decide(self, view: View) -> Sequence[Target]:
        if self._done:
            return ()
        self._done = True
        return (
            Target(
                at_ns=view.slice.at_ns,
                symbol=BTC,
                action=Action.ENTER_LONG,
                weight=0.3,
                reason="a test",
                protection=Protection(stop_frac=0.05),
            ),
        )


def desk(venue: Venue | None = None) -> Desk:
    instruments = {BTC: perpetual()}
    costs = load(COSTS, CryptoCostParams).value
    return Desk(
        strategy=EntersOnce(),
        allocator=Allocator(strategy="enters once", instruments=instruments, params=SizingParams()),
        guard=made.guard(ScreenLimits(), start_equity_quote=CAPITAL, instruments=instruments),
        venue=venue or crypto_venue(costs, instruments, {BTC: history(BTC, RATES)}, CAPITAL),
        ledger=Ledger("USDT", CAPITAL, margined=[BTC]),
    )


def hour(number: int, price: float) -> Slice:
    open_ns = START_NS + number * HOUR_NS
    day = open_ns // DAY_NS
    session = Session(date=f"day {day}", open_ns=day * DAY_NS, close_ns=(day + 1) * DAY_NS)
    bar = Bar(
        symbol=BTC, open_ns=open_ns, interval_ns=HOUR_NS, open=price, high=price, low=price, close=price, volume=1e6
    )
    return Slice(at_ns=open_ns + HOUR_NS, session=session, bars={BTC: bar})


def run(hours: int) -> list[Step]:
    on = desk()
    return [on.step(hour(number, 50_000.0)) for number in range(hours)]


def test_a_step_tells_what_was_charged_and_its_account_has_paid_it() -> None:
    steps = run(20)
    charged = [(number, charge) for number, step in enumerate(steps) for charge in step.charges]
    assert [(number, charge.kind) for number, charge in charged] == [(8, ChargeKind.FUNDING), (16, ChargeKind.FUNDING)]
    held = steps[-1].account.positions[BTC].quantity
    assert held == D("0.6")
    assert [charge.amount_quote for _, charge in charged] == [D("3.0000"), D("-6.0000")]
    assert steps[8].account.cash_quote == steps[7].account.cash_quote - 3
    assert steps[16].account.cash_quote == steps[15].account.cash_quote + 6
    assert steps[8].account.equity_quote == steps[7].account.equity_quote - 3


def test_a_step_with_charges_comes_back_from_the_journal_bit_for_bit() -> None:
    for step in run(18):
        assert decode(encode(step)) == step
    assert sum(len(step.charges) for step in run(18)) == 2


class Ending:
    """A venue that closes something at every slice, and takes a fee for it."""

    def submit(self, approved: Approved[Order]) -> None: ...

    def working(self) -> dict[str, str]:
        return {}

    def protections(self) -> dict[str, Protection]:
        return {}

    def advance(self, event: Slice) -> tuple[Fill, ...]:
        end = buy("1", "40000", symbol=BTC, trigger=Trigger.LIQUIDATION, reason="liquidated: nothing is left")
        return (sell("1", "50000", symbol=BTC), end)

    def charges(self) -> tuple[Charge, ...]:
        fee = Charge(at_ns=0, symbol=BTC, kind=ChargeKind.LIQUIDATION_FEE, amount_quote=D(500), reason="a fee")
        return (fee,)


def test_a_liquidation_is_a_note_a_person_reads_and_its_fee_is_a_fee() -> None:
    on = desk(Ending())
    step = on.step(hour(0, 40_000.0))
    assert step.notes == ("liquidated: nothing is left",)
    assert [charge.kind for charge in step.charges] == [ChargeKind.LIQUIDATION_FEE]
    assert step.account.equity_quote == CAPITAL + D(10_000) - D(500)


def test_a_venue_that_charges_is_known_by_its_method() -> None:
    class Plain:
        def advance(self, event: Slice) -> tuple[()]:
            return ()

    assert not isinstance(Plain(), Charging)
    assert isinstance(crypto_venue(load(COSTS, CryptoCostParams).value, {}, {}, CAPITAL), Charging)
