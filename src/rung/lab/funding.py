"""The funding a backtest's perpetuals paid: found beside the tapes, and whole over the period or refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rung.domain.errors import UserError
from rung.domain.funding import FundingHistory
from rung.domain.instrument import Instrument
from rung.lab.tapes import Market
from rung.market.funding import find_funding
from rung.market.tape import Tape

FOLDER = "funding"
FOLDERS_UP = 2
HOLES_NAMED = 3
HOW = "give --funding DIR with <venue>_perp_<SYMBOL>_funding.parquet, or --as spot for a coin that pays none"
Given = str | Path | Mapping[str, FundingHistory] | None


def histories_for(
    instruments: Mapping[str, Instrument], market: Market, data: str | Path | Sequence[Tape], given: Given
) -> Mapping[str, FundingHistory]:
    """The history of every perpetual by symbol; nothing where none is traded.

    given : a folder, or histories. None looks for a folder `funding` in that of the tapes and the two above it.
    Raises UserError when there is none, and when one does not know every payment of the period: it names them.
    """
    perpetuals = {symbol: i for symbol, i in instruments.items() if i.is_perpetual}
    found = {symbol: _history(instrument, data, given) for symbol, instrument in perpetuals.items()}
    for tape in market.tapes:
        if tape.symbol in found:
            _whole_or_refused(found[tape.symbol], tape, market)
    return found


def _history(instrument: Instrument, data: str | Path | Sequence[Tape], given: Given) -> FundingHistory:
    symbol, terms = instrument.symbol, instrument.perpetual
    assert terms is not None  # noqa: S101  (the instruments file gives every perpetual its terms)
    if isinstance(given, Mapping):
        if symbol not in given:
            raise UserError(f"no funding history for the perpetual {symbol}", where="funding", remedy=HOW)
        return given[symbol]
    folder = Path(given) if given is not None else _beside(data)
    if folder is None:
        raise UserError(f"no funding history for the perpetual {symbol}: none is not zero", remedy=HOW)
    return find_funding(folder, instrument.venue, symbol, terms.funding_interval_ns)


def _beside(data: str | Path | Sequence[Tape]) -> Path | None:
    if not isinstance(data, str | Path):
        return None
    tapes = Path(data).resolve()
    homes = (tapes, *tapes.parents[:FOLDERS_UP])
    return next((home / FOLDER for home in homes if (home / FOLDER).is_dir()), None)


def _whole_or_refused(history: FundingHistory, tape: Tape, market: Market) -> None:
    rows = market.rows(tape)
    start_ns, stop_ns = int(tape.open_ns[rows.start]), int(tape.open_ns[rows.stop - 1]) + tape.interval_ns
    holes = list(_holes(history, start_ns, stop_ns))
    if not holes:
        return
    named = ", ".join(f"{_utc(start)} to {_utc(stop)}" for start, stop in holes[:HOLES_NAMED])
    more = f" and {len(holes) - HOLES_NAMED} times more" if len(holes) > HOLES_NAMED else ""
    first, last = history.instants[0].at_ns, history.instants[-1].at_ns
    raise UserError(
        f"the funding of {tape.symbol} is unknown from {named}{more}",
        where=history.source,
        remedy=f"it knows {_utc(first)} to {_utc(last)}: fetch the rest, choose another period, or {HOW}",
    )


def _holes(history: FundingHistory, start_ns: int, stop_ns: int) -> Iterator[tuple[int, int]]:
    """The stretches of [start_ns, stop_ns) in which a payment may be missing."""
    while start_ns < stop_ns and (missing := history.missing_from(start_ns, stop_ns)) is not None:
        later = history.within(missing + 1, stop_ns)
        start_ns = later[0].at_ns if later else stop_ns
        yield missing, start_ns


def _utc(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns // 1_000_000_000, tz=UTC).strftime("%Y-%m-%d %H:%M UTC")
