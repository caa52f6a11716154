"""What is traded in a backtest: steps and minimums of shares and of coins."""

from __future__ import annotations

from decimal import Decimal

from rung.domain.instrument import AssetClass, Instrument, us_equity
from rung.market.tape import Tape

_COINS: dict[str, tuple[str, str, str]] = {
    "BTCUSDT": ("0.10", "0.001", "5"), "ETHUSDT": ("0.01", "0.01", "5"), "XRPUSDT": ("0.0001", "0.1", "5"),
    "SOLUSDT": ("0.01", "0.1", "5"), "BNBUSDT": ("0.01", "0.01", "5"), "DOGEUSDT": ("0.00001", "1", "5"),
}  # fmt: skip
"""Price step, quantity step, least value, of Bybit's and Binance's USDT contracts, the coarser where they differ."""
LEAST_LOT_VALUE = Decimal(1)


def instrument_for(tape: Tape, around_the_clock: bool) -> tuple[Instrument, str]:
    """The instrument of a tape, and a doubt about it ("" when there is none)."""
    if not around_the_clock:
        return us_equity(tape.symbol), ""
    known = _COINS.get(tape.symbol)
    tick, lot, least = known or _guessed(tape)
    instrument = Instrument(
        symbol=tape.symbol,
        venue="sim",
        asset_class=AssetClass.CRYPTO_SPOT,
        quote_currency="USDT",
        tick_size=Decimal(tick),
        lot_size=Decimal(lot),
        min_notional=Decimal(least),
    )
    doubt = f"{tape.symbol}: price step {tick} and quantity step {lot} are guessed from its price"
    return instrument, "" if known else doubt


def _guessed(tape: Tape) -> tuple[str, str, str]:
    """Five significant digits of price; a lot worth at most a unit of the quote currency."""
    price = Decimal(repr(float(tape.close[0])))
    tick = Decimal(1).scaleb(price.adjusted() - 4)
    lot = Decimal(1).scaleb((LEAST_LOT_VALUE / price).adjusted())
    return format(tick, "f"), format(lot, "f"), "5"
