"""Round trips folded from fills."""

from __future__ import annotations

from decimal import Decimal

from tests.unit.ledger.made import START_NS, buy, sell

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.fill import Trigger
from rung.domain.target import Action, Lean
from rung.ledger.trades import TradeFold, closed_trades

D = Decimal


def test_a_round_trip_tells_its_whole_story() -> None:
    first = buy("60", "50.00", "0.01", reference_price=D("49.99"))
    second = buy("40", "50.50", "0.01", minute=1, reference_price=D("50.49"))
    last = sell(
        "100", "51.00", "0.08", minute=7, reference_price=D("51.02"),
        trigger=Trigger.TAKE_PROFIT, action=Action.PROFIT_TARGET, reason="profit target at 51",
    )  # fmt: skip
    (trade,) = closed_trades([first, second, last])
    assert (trade.symbol, trade.side, trade.quantity) == ("TQQQ", Lean.LONG, D(100))
    assert (trade.entered_ns, trade.exited_ns) == (START_NS, START_NS + 7 * NS_PER_MINUTE)
    assert (trade.entry_price, trade.exit_price) == (D("50.2"), D(51))
    assert (trade.gross_quote, trade.fees_quote, trade.net_quote) == (D(80), D("0.10"), D("79.90"))
    assert trade.pnl_frac == D("79.90") / D(5020)
    assert trade.slippage_quote == D("3.00")
    assert (trade.exit_action, trade.exit_trigger) == (Action.PROFIT_TARGET, Trigger.TAKE_PROFIT)
    assert trade.exit_reason == "profit target at 51"
    assert (trade.entry_fill_ids, trade.exit_fill_ids) == ((first.fill_id, second.fill_id), (last.fill_id,))
    assert trade.bars_held == 7


def test_a_trade_is_closed_only_when_flat() -> None:
    trips = TradeFold()
    assert trips.add(buy("100", "50")) is None
    assert trips.add(sell("40", "52")) is None
    trade = trips.add(sell("60", "51", minute=2))
    assert trade is not None
    assert trade.gross_quote == D(140)
    assert trade.exit_price == D("51.4")


def test_a_short_trade_gains_when_the_price_falls() -> None:
    (trade,) = closed_trades([sell("100", "50"), buy("100", "48")])
    assert (trade.side, trade.gross_quote) == (Lean.SHORT, D(200))
    assert trade.pnl_frac == D("0.04")


def test_a_fill_that_crosses_zero_ends_one_trade_and_begins_the_next() -> None:
    flip = sell("150", "52", "0.30", minute=1)
    first, second = closed_trades([buy("100", "50", "0.10"), flip, buy("50", "51", "0.10", minute=2)])
    assert (first.side, first.net_quote) == (Lean.LONG, D("199.70"))
    assert (second.side, second.net_quote) == (Lean.SHORT, D("49.80"))
    assert first.exit_fill_ids == second.entry_fill_ids == (flip.fill_id,)
    assert second.entered_ns == flip.at_ns


def test_what_is_still_open_is_no_trade() -> None:
    assert closed_trades([buy("100", "50"), sell("99", "52")]) == ()


def test_symbols_do_not_mix() -> None:
    fills = [buy("10", "50"), sell("10", "20", symbol="SQQQ"), sell("10", "51"), buy("10", "19", symbol="SQQQ")]
    assert [(t.symbol, t.gross_quote) for t in closed_trades(fills)] == [("TQQQ", D(10)), ("SQQQ", D(10))]


def test_bars_can_be_counted_by_someone_who_knows_the_calendar() -> None:
    (trade,) = closed_trades([buy("10", "50"), sell("10", "51", minute=900)], lambda a, b: 42)
    assert trade.bars_held == 42
