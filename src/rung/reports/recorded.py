"""Session files → RunRecord. What was recorded is read; nothing is simulated again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.domain.fill import Trigger
from rung.domain.target import Action, Lean
from rung.reports.fold import beliefs_by_row
from rung.reports.legs import Leg, TradeFold
from rung.reports.record import DayRecord, Floats, RunRecord, Stamps
from rung.reports.sessions import session_file
from rung.reports.sessions.lines import DecisionLine, SignalLine, SnapshotLine, TradeLine

NS_PER_MS = 1_000_000
AGAIN = "replay the session with `rung mock`"
DATED = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
Line = TypeVar("Line", bound=msgspec.Struct)


class Recording(NamedTuple):
    """Sessions read back: the record, the configuration ids met, whether any of it was synthetic, and doubts."""

    record: RunRecord
    config_ids: tuple[str, ...]
    synthetic: bool
    warnings: tuple[str, ...]


def recorded_dates(folder: Path) -> tuple[str, ...]:
    """The dates of the complete sessions in a folder, oldest first. A missing folder raises UserError."""
    if not folder.is_dir():
        raise UserError("no such folder", where=str(folder), remedy="run `rung mock` first, or give --dir")
    return tuple(sorted(path.stem.removeprefix("positions_") for path in folder.glob(f"positions_{DATED}.jsonl")))


def read_sessions(folder: Path, dates: Sequence[str]) -> Recording:
    """The recorded sessions of these dates, in order. Missing or damaged files raise UserError with file and line."""
    trade_fold = TradeFold()
    days: list[DayRecord] = []
    configs: list[str] = []
    warnings: list[str] = []
    synthetic = False
    for date in dates:
        snapshots = _read(session_file(folder, "positions", date), SnapshotLine)
        if not snapshots:
            raise UserError(
                "the session is empty",
                where=str(session_file(folder, "positions", date)),
                remedy=AGAIN,
            )
        if days and snapshots[0].session_start_equity != days[-1].end_equity_quote:
            warnings.append(f"{date} does not go on where {days[-1].date} ended: they were recorded by different runs")
        configs.append(snapshots[0].config_id)
        synthetic = synthetic or snapshots[0].synthetic
        days.append(_day(folder, date, snapshots, trade_fold))
    return Recording(RunRecord(days=tuple(days)), tuple(dict.fromkeys(configs)), synthetic, tuple(warnings))


def _day(folder: Path, date: str, snapshots: Sequence[SnapshotLine], trade_fold: TradeFold) -> DayRecord:
    legs = _legs(session_file(folder, "trades", date))
    decisions = _read(session_file(folder, "decisions", date), DecisionLine)
    signals = _read(session_file(folder, "signals", date), SignalLine)
    at_ns = np.array([s.timestamp_ms for s in snapshots], np.int64) * NS_PER_MS
    equity = np.array([float(s.current_equity) for s in snapshots])
    try:
        beliefs = _beliefs(signals, at_ns)
    except KeyError as error:
        where = str(session_file(folder, "signals", date))
        raise UserError(f"a signal at {error} belongs to no recorded slice", where=where, remedy=AGAIN) from error
    refused = Counter(kind for decision in decisions for kind in decision.refused)
    return DayRecord(
        date=date,
        open_ns=int(at_ns[0] - (at_ns[1] - at_ns[0] if len(at_ns) > 1 else NS_PER_MINUTE)),
        close_ns=int(at_ns[-1]),
        start_equity_quote=snapshots[0].session_start_equity,
        end_equity_quote=snapshots[-1].current_equity,
        at_ns=at_ns,
        equity_quote=equity,
        exposure_frac=_exposure(snapshots, equity),
        confidence_mean=beliefs[:, 0],
        confidence_max=beliefs[:, 1],
        strength_mean=beliefs[:, 2],
        strength_max=beliefs[:, 3],
        legs=legs,
        trades=tuple(trade for trade in map(trade_fold.add, legs) if trade is not None),
        refused=dict(sorted(refused.items())),
        refused_orders=sum(decision.refused_orders for decision in decisions),
        notes=tuple(note for snapshot in snapshots for note in snapshot.notes),
    )


def _read(path: Path, kind: type[Line]) -> list[Line]:
    """Every line of a file as `kind`."""
    decoder = msgspec.json.Decoder(kind)
    lines: list[Line] = []
    try:
        with path.open("rb") as file:
            for raw in file:
                lines.append(decoder.decode(raw))
    except FileNotFoundError:
        raise UserError("the recording is incomplete", where=str(path), remedy=AGAIN) from None
    except OSError as error:
        raise UserError(f"cannot read: {error.strerror}", where=str(path)) from error
    except msgspec.DecodeError as error:
        raise UserError(
            f"not a recorded line: {error}",
            where=f"{path}:{len(lines) + 1}",
            remedy=AGAIN,
        ) from error
    return lines


def _legs(path: Path) -> tuple[Leg, ...]:
    legs = []
    for number, line in enumerate(_read(path, TradeLine), start=1):
        try:
            legs.append(_leg(line))
        except ValueError as error:
            raise UserError(str(error), where=f"{path}:{number}", remedy=AGAIN) from error
    return tuple(legs)


def _leg(line: TradeLine) -> Leg:
    return Leg(
        at_ns=line.timestamp_ms * NS_PER_MS,
        symbol=line.symbol,
        entry=line.action == "ENTRY",
        direction=Lean(line.direction),
        shares=line.shares,
        price=line.price,
        reference_price=line.reference_price,
        fee_quote=line.fees,
        slippage_quote=line.slippage,
        trigger=Trigger(line.trigger),
        action=Action(line.decision),
        reason=line.reason,
        order_id=line.order_id,
        fill_id=line.fill_id,
        position_after=line.position_after,
        pnl_quote=line.pnl if line.action == "EXIT" else None,
        pnl_frac=line.pnl_pct if line.action == "EXIT" else None,
        bars_held=line.bars_held,
    )


def _exposure(snapshots: Sequence[SnapshotLine], equity: Floats) -> Floats:
    gross = [float(sum((p.shares * p.current_price for p in s.positions), Decimal(0))) for s in snapshots]
    return np.divide(gross, equity, out=np.zeros(len(equity)), where=equity > 0)


def _beliefs(signals: Sequence[SignalLine], at_ns: Stamps) -> Floats:
    """What `RunFold` makes of the signals, from their lines. Raises KeyError for a signal outside every slice."""
    rows = {int(at) // NS_PER_MS: i for i, at in enumerate(at_ns)}
    return beliefs_by_row(
        len(at_ns),
        np.array([rows[s.timestamp_ms] for s in signals], np.int64),
        np.array([s.confidence for s in signals], np.float64),
        np.array([s.strength for s in signals], np.float64),
        np.array([s.rank > 0 for s in signals], np.bool_),
    )
