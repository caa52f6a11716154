"""Steps and journals that tests are made of."""

from __future__ import annotations

from decimal import Decimal

from rung.domain.account import Account, Position
from rung.domain.bar import Bar
from rung.domain.fill import Fill, Trigger
from rung.domain.order import Order, OrderKind, Side
from rung.domain.session import Session
from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.domain.target import Action, Lean, Protection, Signal, Target
from rung.domain.verdicts import Approved, Refused, Violation, ViolationKind
from rung.journal.entry import Kind
from rung.journal.journal import Durability, Journal
from rung.journal.store import Store

MINUTE = 60_000_000_000
OPEN = 1_757_943_000_000_000_000
SYMBOLS = ("TQQQ", "SQQQ", "SDS", "UVXY", "SSO", "SVIX")
KEY = b"a key that nobody is told of"


def order(number: int = 1, *, reduce_only: bool = False, at_ns: int = OPEN) -> Order:
    return Order(
        order_id=f"o-{number}",
        at_ns=at_ns,
        symbol="TQQQ",
        side=Side.SELL if reduce_only else Side.BUY,
        kind=OrderKind.MARKET,
        quantity=Decimal("10.50"),
        reference_price=Decimal("55.125"),
        reduce_only=reduce_only,
        action=Action.EXIT if reduce_only else Action.ENTER_LONG,
        reason="rank 1 of 6",
        strategy="rotation",
        protection=Protection(stop_frac=0.015),
        leverage=Decimal("1.5"),
    )


def approved(number: int = 1, *, reduce_only: bool = False, at_ns: int = OPEN) -> Approved[Order]:
    return Approved(order(number, reduce_only=reduce_only, at_ns=at_ns), at_ns)


def refused(number: int = 1) -> Refused:
    violation = Violation(
        kind=ViolationKind.LEVERAGE_SYMBOL,
        gate="symbol_leverage",
        message="leverage 3 is above 2",
        value="3",
        limit="2",
        adjusted_quantity=Decimal("7.0"),
        adjusted_leverage=Decimal(2),
    )
    return Refused(order=order(number), violations=(violation,), at_ns=OPEN)


def fill(number: int = 1) -> Fill:
    return Fill(
        fill_id=f"f-{number}",
        order_id=f"o-{number}",
        at_ns=OPEN + MINUTE,
        symbol="TQQQ",
        side=Side.BUY,
        quantity=Decimal("10.50"),
        price=Decimal("55.1375"),
        reference_price=Decimal("55.13"),
        fee_quote=Decimal("0.0021"),
        trigger=Trigger.ORDER,
        action=Action.ENTER_LONG,
        reason="rank 1 of 6",
        closes=False,
    )


def step(number: int = 1) -> Step:
    """A full step of six symbols: every field of every part is set to something."""
    at = OPEN + number * MINUTE
    bars = {
        s: Bar(
            symbol=s,
            open_ns=at - MINUTE,
            interval_ns=MINUTE,
            open=20.1 + i,
            high=20.9 + i + number / 7,
            low=19.9,
            close=20.25,
            volume=1e5 + i,
        )
        for i, s in enumerate(SYMBOLS)
    }
    positions = {
        s: Position(
            symbol=s,
            quantity=Decimal(-3 * i),
            entry_price=Decimal("20.10"),
            opened_ns=at - 5 * MINUTE,
            mark_price=Decimal("20.25"),
            entry_fees_quote=Decimal("0.00"),
            protection=Protection(stop_frac=0.015, take_profit_frac=0.03) if i else None,
        )
        for i, s in enumerate(SYMBOLS[:3])
    }
    account = Account(
        at_ns=at,
        currency="USD",
        cash_quote=Decimal("99000.10"),
        equity_quote=Decimal("1E+5"),
        peak_equity_quote=Decimal("100001.00"),
        session_start_equity_quote=Decimal("100000"),
        positions=positions,
        working={"SDS": "o-9"},
        closed_trades_quote=(Decimal("-1.50"), Decimal("2.0")),
    )
    return Step(
        seq=number,
        event=Slice(
            at_ns=at, session=Session(date="2025-09-15", open_ns=OPEN, close_ns=OPEN + 390 * MINUTE), bars=bars
        ),
        fills=(fill(number),),
        account=account,
        signals=tuple(
            Signal(
                at_ns=at,
                symbol=s,
                lean=Lean.LONG,
                probability=0.5 + i / 13,
                confidence=1 / 3,
                strength=0.1 * i,
                rank=i + 1,
            )
            for i, s in enumerate(SYMBOLS)
        ),
        targets=(
            Target(at_ns=at, symbol="TQQQ", action=Action.HOLD, weight=None, reason="held", strength=0.2, rank=1),
            Target(
                at_ns=at, symbol="SDS", action=Action.EXIT, weight=0.0, reason="null and void", protection=Protection()
            ),
        ),
        verdicts=(approved(number, at_ns=at), refused(number)),
        notes=("an order was carried overnight",),
    )


def small_journal(store: Store, *, key: bytes | None = None, entries: int = 8) -> Journal:
    """A journal with `entries` entries of several kinds, committed and open."""
    journal = Journal(store, key=key, durability=Durability.grouped(3))
    journal.append(Kind.RUN_OPENED, OPEN, {"run": "test", "config": "7c1f"})
    for n in range(2, entries):
        journal.append(Kind.EVENT, OPEN + n, {"n": n, "note": "x" * n})
    journal.append(Kind.RUN_CLOSED, OPEN + entries, {"entries": entries})
    journal.commit()
    return journal
