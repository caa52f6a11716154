"""What recoveries noted to be lost: entries a disk took, which no chain can bring back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rung.journal.codec import decode
from rung.journal.entry import Kind
from rung.journal.store import FIRST, LAST, Reads, Row

_RECOVERED = Kind.RECOVERED.value


class Loss(NamedTuple):
    """Entry `seq` notes that a recover kept the entries up to `kept` and lost `lost` behind them (None: unknown)."""

    seq: int
    kept: int
    lost: int | None
    reason: str

    def __str__(self) -> str:
        number = "an unknown number of" if self.lost is None else f"{self.lost:,}"
        return f"entry {self.seq} notes that a recover lost {number} entries after entry {self.kept} ({self.reason})"


def losses_in(batch: Iterable[Row]) -> list[Loss]:
    """Those among rows whose chain holds."""
    return [_loss(row[0], decode(row[3])) for row in batch if row[2] == _RECOVERED]


def losses(store: Reads) -> list[Loss]:
    """All of a journal, in one pass that checks nothing; reading stops where the rows make no sense."""
    found: list[Loss] = []
    for batch in store.batches(FIRST, LAST):
        found += losses_in(batch)
    return found


def concerned(losses: Sequence[Loss], seq: int) -> Loss | None:
    """The first loss that took an entry of this number."""
    return next((loss for loss in losses if loss.kept < seq), None)


def _loss(seq: int, said: object) -> Loss:
    known = said if isinstance(said, dict) else {}
    kept, lost = known.get("kept", seq - 1), known.get("lost")
    return Loss(
        seq,
        kept if isinstance(kept, int) else seq - 1,
        lost if isinstance(lost, int) else None,
        str(known.get("reason", "no reason noted")),
    )
