"""Steps → the session files of one day after another, while the run goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

from rung.domain.clock import NS_PER_MINUTE
from rung.domain.errors import UserError
from rung.domain.order import Order, OrderKind
from rung.domain.step import Step
from rung.domain.target import Action, Signal
from rung.domain.verdicts import Refused
from rung.ledger.holding import ZERO, Holding, Piece
from rung.reports.files import LineFile, make_folder
from rung.reports.info import RunInfo
from rung.reports.legs import Leg, LegBook, TradeFold
from rung.reports.sessions import log
from rung.reports.sessions.build import NS_PER_MS, Snapshots, decision_lines, signal_lines, trade_line
from rung.reports.sessions.lines import SnapshotLine, TradeLine, line_encoder
from rung.reports.words import money, percent, plural

KINDS = ("session", "signals", "decisions", "trades", "positions")
MRD_EVERY_BARS = 60


def session_file(folder: Path, kind: str, date: str) -> Path:
    """Where one of the five files of a session lives."""
    return folder / f"{kind}_{date}.{'log' if kind == 'session' else 'jsonl'}"


class SessionFiles:
    """An observer of steps that writes five files per session; use it as a context manager.

    Each file is `*.partial` until its session is over, then renamed. After an interruption or an error the present
    session's files stay `*.partial`, whole lines, readable. `flush_every_steps` bounds how long a line may wait.
    margined : symbols that are not paid for, as the ledger was told: cash moves by what they gain, lose and cost.
    """

    def __init__(
        self, folder: Path, info: RunInfo, *, flush_every_steps: int = 1, margined: Collection[str] = ()
    ) -> None:
        make_folder(folder)
        self._folder = folder
        self._info = info
        self._zone = ZoneInfo(info.time_zone)
        self._flush_every = flush_every_steps
        self._encode = line_encoder().encode_lines
        self._files: dict[str, LineFile] = {}
        self._book = LegBook()
        self._cash = _Cash(margined)
        self._snapshots = Snapshots(self._book)
        self._trade_fold = TradeFold()
        self._entry_signals: dict[str, tuple[str, Signal | None]] = {}
        self._bar = 0
        self._days = 0
        self._capital: Decimal | None = None
        self._day = _Day("", ZERO)

    def __enter__(self) -> SessionFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
            return
        try:
            self.close(complete=False)
        except UserError:
            if not isinstance(error, UserError):
                raise

    def see(self, step: Step) -> None:
        """Write one step. Raises UserError when the disk refuses; what was written stays valid."""
        if step.event.session.date != self._day.date:
            self._open_session(step)
        day = self._day
        self._bar += 1
        if step.signals:
            self._files["signals"].add(self._encode(signal_lines(step)))
        if step.fills:
            self._trades(step)
        if step.targets:
            self._files["decisions"].add(self._encode(decision_lines(step)))
        if step.verdicts:
            self._verdicts(step)
        self._files["positions"].add(self._encode((self._snapshot(step),)))
        day.mark(step)
        if step.notes or day.bars % MRD_EVERY_BARS == 0:
            self._log(step.at_ns, (*(f"NOTE    {n}" for n in step.notes), *self._progress(day)))
        if self._bar % self._flush_every == 0:
            for file in self._files.values():
                file.flush()

    def close(self, *, complete: bool = True) -> None:
        """Finish the present session's files; without `complete` they keep the name `*.partial`."""
        if not self._files:
            return
        day = self._day
        try:
            if complete:
                self._log(
                    day.at_ns, (f"CLOSE   equity {money(day.equity_quote)} {self._info.currency}", self._mrd(day))
                )
            else:
                self._log(day.at_ns, (f"STOPPED after {day.bars} bars: this session is not complete",))
        finally:
            self._close_files(complete=complete)

    def _close_files(self, *, complete: bool) -> None:
        """Close every file even when one fails; the first failure is raised once all are closed."""
        files, self._files = list(self._files.values()), {}
        failures: list[UserError] = []
        for file in files:
            try:
                file.close(complete=complete and not failures)
            except UserError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def _open_session(self, step: Step) -> None:
        self.close()
        session, start = step.event.session, step.account.session_start_equity_quote
        self._capital = start if self._capital is None else self._capital
        self._days += 1
        self._day = _Day(session.date, start)
        for kind in KINDS:
            self._files[kind] = LineFile(session_file(self._folder, kind, session.date))
        head = log.heading(self._info, session, self._zone, start)
        self._files["session"].add(("\n".join(head) + "\n").encode())

    def _log(self, at_ns: int, sentences: Iterable[str]) -> None:
        when = log.stamp(at_ns, self._zone)
        text = "".join(f"{when} {' '.join(s.splitlines())}\n" for s in sentences)
        self._files["session"].add(text.encode())

    def _trades(self, step: Step) -> None:
        legs = [leg for fill in step.fills for leg in self._book.book(fill, self._bar)]
        changes = [self._cash.change(leg) for leg in legs]
        charged = sum((charge.amount_quote for charge in step.charges), ZERO)
        cash = step.account.cash_quote + charged - sum(changes, ZERO)
        lines: list[TradeLine] = []
        for leg, change in zip(legs, changes, strict=True):
            cash += change
            order_id, signal = self._entry_signals.get(leg.symbol, ("", None))
            lines.append(trade_line(leg, cash, signal if order_id == leg.order_id else None))
            self._day.count(self._trade_fold, leg)
        self._files["trades"].add(self._encode(lines))
        self._log(step.at_ns, map(log.execution, legs))

    def _verdicts(self, step: Step) -> None:
        refusals = []
        for verdict in step.verdicts:
            if isinstance(verdict, Refused):
                refusals.append(log.refusal(verdict))
            elif _opens(verdict.order):
                symbol = verdict.order.symbol
                belief = next((s for s in step.signals if s.symbol == symbol), None)
                self._entry_signals[symbol] = (verdict.order.order_id, belief)
        leaving = sum(1 for t in step.targets if t.action is Action.EOD_EXIT)
        if leaving and not self._day.flattening:
            self._day.flattening = True
            refusals.append(f"EOD     flattening {leaving} of {len(step.account.positions)} positions")
        if refusals:
            self._log(step.at_ns, refusals)

    def _snapshot(self, step: Step) -> SnapshotLine:
        account = step.account
        rows = self._snapshots.lines(step, self._bar) if account.positions else []
        return SnapshotLine(
            timestamp_ms=step.event.at_ns // NS_PER_MS,
            bar_id=step.event.at_ns // NS_PER_MINUTE,
            bar=self._day.bars,
            positions=rows,
            total_unrealized_pnl=sum((row.pnl for row in rows), ZERO),
            current_equity=account.equity_quote,
            cash=account.cash_quote,
            session_start_equity=account.session_start_equity_quote,
            config_id=self._info.config_id,
            synthetic=self._info.synthetic,
            notes=step.notes,
        )

    def _progress(self, day: _Day) -> tuple[str, ...]:
        return (self._mrd(day) + " so far",) if day.bars % MRD_EVERY_BARS == 0 else ()

    def _mrd(self, day: _Day) -> str:
        """The run's mean return per day up to here, and this day's figures."""
        capital = self._capital
        total = float(day.equity_quote / capital - 1) if capital else 0.0
        own = float(day.equity_quote / day.start_quote - 1) if day.start_quote else 0.0
        won = f"{100 * day.wins / day.trades:.1f}% won" if day.trades else "none to win"
        return (
            f"MRD     {percent(total / self._days)} over {plural(self._days, 'day')}; today: return {percent(own)},"
            f" {plural(day.trades, 'trade')}, {won}, max drawdown {percent(-float(day.drawdown))}"
        )


class _Day:
    """Running figures of the session being written."""

    def __init__(self, date: str, start_quote: Decimal) -> None:
        self.date, self.start_quote, self.equity_quote, self._peak = date, start_quote, start_quote, start_quote
        self.at_ns = self.bars = self.trades = self.wins = 0
        self.drawdown = ZERO
        self.flattening = False

    def mark(self, step: Step) -> None:
        self.at_ns, self.equity_quote = step.event.at_ns, step.account.equity_quote
        self.bars += 1
        if self.equity_quote >= self._peak:
            self._peak = self.equity_quote
        else:
            self.drawdown = max(self.drawdown, 1 - self.equity_quote / self._peak)

    def count(self, fold: TradeFold, leg: Leg) -> None:
        trade = fold.add(leg)
        if trade is not None:
            self.trades += 1
            self.wins += trade.pnl_quote > 0


def _opens(order: Order) -> bool:
    return not order.reduce_only and order.kind in (OrderKind.MARKET, OrderKind.LIMIT)


class _Cash:
    """What a leg does to cash. Call `change` once per leg, in order, from the first leg of the account."""

    def __init__(self, margined: Collection[str]) -> None:
        self._held = {symbol: Holding() for symbol in margined}

    def change(self, leg: Leg) -> Decimal:
        """A purchase pays, a sale is paid; a margined leg moves cash by what it realises. Fees always."""
        signed = leg.shares if leg.buys else -leg.shares
        held = self._held.get(leg.symbol)
        if held is None:
            return -signed * leg.price - leg.fee_quote
        realised = held.take(Piece(signed, leg.fee_quote, not leg.entry), leg.price, leg.at_ns)
        if held.quantity == 0:
            self._held[leg.symbol] = Holding()
        return realised - leg.fee_quote
