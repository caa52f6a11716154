"""What is traded in a backtest: shares, perpetuals and coins, from `config/instruments.toml`."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from rung.config.load import load
from rung.config.shipped import config_file
from rung.domain.decimals import exact
from rung.domain.errors import UserError
from rung.domain.instrument import AssetClass, Instrument, us_equity
from rung.market.instruments import InstrumentsFile
from rung.market.tape import Tape

INSTRUMENTS = "instruments.toml"
LEAST_LOT_VALUE = Decimal(1)
Kind = Literal["perpetual", "spot"]
KINDS: tuple[Kind, ...] = ("perpetual", "spot")


def instrument_for(tape: Tape, around_the_clock: bool, traded_as: Kind | None = None) -> tuple[Instrument, str]:
    """The instrument of a tape, and a doubt about it ("" when there is none).

    traded_as : what a person says it is. Unsaid, a symbol is what the instruments file says it is, a perpetual where it
    says both; an invented tape is a coin. Raises UserError for a real symbol that nobody has said anything about.
    """
    if not around_the_clock:
        if traded_as is not None:
            raise UserError(f"{tape.symbol} is a share, not a {traded_as}", where="--as", remedy="leave it out")
        return us_equity(tape.symbol), ""
    known = load(config_file(INSTRUMENTS), InstrumentsFile).value
    if traded_as == "perpetual" or (traded_as is None and tape.symbol in known.perpetuals and not tape.synthetic):
        return known.perpetual(tape.symbol), ""
    if tape.symbol in known.spot:
        return known.coin(tape.symbol), ""
    if tape.synthetic or traded_as == "spot":
        return _coin(tape, known)
    raise UserError(
        f"nobody has said whether {tape.symbol} is a coin or a perpetual",
        where=INSTRUMENTS,
        remedy=f"add [perpetuals.{tape.symbol}] or [spot.{tape.symbol}] to it, or say --as spot",
    )


def one_currency(instruments: dict[str, Instrument]) -> str:
    """What the account is kept in. Raises UserError when its instruments are paid in several currencies."""
    found = sorted({instrument.quote_currency for instrument in instruments.values()})
    if len(found) > 1:
        raise UserError(f"one account cannot hold {' and '.join(found)}", remedy="trade one quote currency at a time")
    return found[0]


def _coin(tape: Tape, known: InstrumentsFile) -> tuple[Instrument, str]:
    """A coin nobody describes: with the steps of its perpetual, or steps guessed from its price."""
    if tape.symbol in known.perpetuals:
        contract = known.perpetual(tape.symbol)
        tick, lot, least = contract.tick_size, contract.lot_size, contract.min_notional
        currency, doubt = contract.quote_currency, "is taken as a coin: no funding, the steps of its perpetual"
    else:
        tick, lot = _guessed(tape)
        least, currency = Decimal(5), "USDT"
        doubt = f"price step {tick:f} and quantity step {lot:f} are guessed from its price"
    instrument = Instrument(
        symbol=tape.symbol,
        venue="sim",
        asset_class=AssetClass.CRYPTO_SPOT,
        quote_currency=currency,
        tick_size=tick,
        lot_size=lot,
        min_notional=least,
    )
    return instrument, f"{tape.symbol}: {doubt}"


def _guessed(tape: Tape) -> tuple[Decimal, Decimal]:
    """Five significant digits of price; a lot worth at most a unit of the quote currency."""
    price = exact(tape.close[0])
    tick = Decimal(format(Decimal(1).scaleb(price.adjusted() - 4), "f"))
    return tick, Decimal(format(Decimal(1).scaleb((LEAST_LOT_VALUE / price).adjusted()), "f"))
