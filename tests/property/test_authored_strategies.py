"""Any sequence of wishes comes true on the desk; no built-in strategy sees the future; the books always add up."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.lab import Strategy, SymbolView, Wish, backtest, invented_tapes
from rung.lab.result import BacktestResult
from rung.market.tape import COLUMNS, Label, RawBars, Tape, make_tape

MINUTES = 60
(DAY,) = invented_tapes(days=1)
WISHES = st.dictionaries(
    st.integers(1, MINUTES - 3), st.tuples(st.sampled_from((-1, 0, 1)), st.sampled_from((0.3, 0.6))), max_size=25
)


def cut(tape: Tape, rows: int) -> Tape:
    """The first bars of a tape."""
    raw = RawBars(open_ns=tape.open_ns, **{name: getattr(tape, name) for name in COLUMNS}).take(slice(0, rows))
    return make_tape(raw, Label(symbol=tape.symbol, interval_ns=tape.interval_ns, source="cut", synthetic=True))


def planned(plan: dict[int, tuple[int, float]], held: list[int]) -> type[Strategy]:
    """Wishes what the plan said last, at every bar; notes the side it is on."""

    class Planned(Strategy):
        def start(self) -> None:
            self.now: tuple[int, float] | None = None

        def decide(self, view: SymbolView) -> Wish | None:
            held.append(view.side)
            self.now = plan.get(view.minute, self.now)
            if self.now is None:
                return None
            side, weight = self.now
            if side == 0:
                return self.flat("planned")
            return (self.long if side > 0 else self.short)("planned", weight=weight, stop=0.2)

    return Planned


@settings(max_examples=60)
@given(WISHES)
def test_the_side_is_the_wish_of_the_bar_before_and_a_standing_wish_sends_nothing(
    plan: dict[int, tuple[int, float]],
) -> None:
    held: list[int] = []
    result = backtest(planned(plan, held), data=[cut(DAY, MINUTES)])
    wished, last = [], 0
    for minute in range(1, MINUTES + 1):
        last = plan[minute][0] if minute in plan else last
        wished.append(last)
    assert result.figures.refused_orders == 0
    assert held[1:] == wished[:-1]
    changes = sum(
        plan[minute] != before
        for before, minute in zip([None, *(plan[m] for m in sorted(plan))], sorted(plan), strict=False)
    )
    decided = result.orders["at"].n_unique() if len(result.orders) else 0
    assert decided <= changes


@settings(max_examples=40)
@given(WISHES)
def test_the_books_of_any_plan_add_up(plan: dict[int, tuple[int, float]]) -> None:
    result = backtest(planned(plan | {MINUTES - 2: (0, 0.3)}, []), data=[cut(DAY, MINUTES)])
    figures = result.figures
    assert figures.still_open == 0
    assert float(figures.end_equity_quote - figures.start_equity_quote) == pytest.approx(
        result.trades["pnl"].sum(), abs=1e-6
    )
    assert figures.fees_quote == sum((Decimal(repr(fee)) for fee in result.fills["fee"]), Decimal(0))


TAPES = [*invented_tapes("FIRST", days=3), *invented_tapes("OTHER", days=3)]
BUILT_IN = {
    "crossover": {"every": 5},
    "momentum": {"lookback": 120, "volatility_period": 120, "every": 5},
    "mean_reversion": {"entry": 1.5},
    "stat_arb": {"period": 120, "warm_up": 240, "memory_bars": 2000, "entry": 1.5, "max_half_life": 100_000},
}


def run(name: str, tapes: list[Tape]) -> BacktestResult:
    return backtest(name, data=tapes, settings=BUILT_IN[name])


@pytest.mark.parametrize("name", BUILT_IN)
def test_no_built_in_strategy_sees_the_future(name: str) -> None:
    """The same decisions on the tape, on its first part, and on the tape with another second part."""
    whole = run(name, TAPES)
    rows = 2500
    first = run(name, [cut(tape, rows) for tape in TAPES])
    other = run(name, [disturbed(tape, rows) for tape in TAPES])
    assert whole.figures.trades > 5
    assert whole.equity.head(rows).equals(first.equity)
    until = first.equity["at"].max()
    for result in (first, other):
        same = result.orders.filter(pl.col("at") <= until)
        assert same.equals(whole.orders.filter(pl.col("at") <= until))
    assert not other.equity.equals(whole.equity)


def disturbed(tape: Tape, rows: int) -> Tape:
    """Every price after the first `rows` bars is another one."""
    factor = np.where(np.arange(len(tape)) < rows, 1.0, 1.0 + 0.03 * np.sin(np.arange(len(tape))))
    raw = RawBars(
        open_ns=tape.open_ns,
        volume=tape.volume,
        **{name: getattr(tape, name) * factor for name in ("open", "high", "low", "close")},
    )
    return make_tape(raw, Label(symbol=tape.symbol, interval_ns=tape.interval_ns, source="made", synthetic=True))
