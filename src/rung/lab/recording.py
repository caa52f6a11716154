"""Steps → the record of a run, in one pass beside the replay."""

from __future__ import annotations

from collections.abc import Mapping

from rung.domain.account import Account, Position
from rung.domain.step import Step
from rung.lab.record import Record
from rung.ledger.holding import ZERO


class Recorder(Record):
    """An observer of steps. What a snapshot shares with the one before is not made a number twice."""

    def __init__(self) -> None:
        super().__init__()
        self._positions: Mapping[str, Position] = {}
        self._equity_now = self._gross_now = 0.0
        self._date = ""

    def see(self, step: Step) -> None:
        """Take in one step, in order."""
        event, account = step.event, step.account
        if event.session.date != self._date:
            self._open_day(event.session.date)
        if account.equity_quote is not self.end or account.positions is not self._positions:
            self._mark(account)
        self.at_ns.append(event.at_ns)
        self.equity.append(self._equity_now)
        self.gross.append(self._gross_now)
        if step.fills:
            self.fills.extend(step.fills)
            for fill in step.fills:
                self.fill_rows.append(len(self.at_ns) - 1)
                self.trips.take(fill, len(self.at_ns))
        if step.charges:
            for charge in step.charges:
                self.charged.append((len(self.at_ns) - 1, charge))
                self.trips.charge(charge)
        if step.verdicts:
            self.verdicts.extend(step.verdicts)
        if step.notes:
            self.notes.extend(step.notes)

    def _mark(self, account: Account) -> None:
        self.end, self._positions = account.equity_quote, account.positions
        self.end_gross = account.gross_notional_quote if account.positions else ZERO
        self._equity_now, self._gross_now = float(self.end), float(self.end_gross)
        if self.ruined_on is None and account.equity_quote <= ZERO:
            self.ruined_on = len(self.dates) - 1

    def _open_day(self, date: str) -> None:
        if self.dates:
            self.ends.append(self.end)
        self._date = date
        self.dates.append(date)
        self.first_fills.append(len(self.fills))
