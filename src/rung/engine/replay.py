"""The replay loop: a feed, a desk, and whoever wants to see the steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from rung.domain.slice import Slice
from rung.domain.step import Step
from rung.engine.desk import Desk
from rung.strategy.port import Strategy, WarmsUp


class Observer(Protocol):
    """Sees every step after it happened: the journal, the session files, the report's fold, a progress bar."""

    def see(self, step: Step) -> None: ...


def warm_up(feed: Iterable[Slice], strategy: Strategy) -> int:
    """Let the strategy learn from slices it may not trade on; answers how many there were."""
    if not isinstance(strategy, WarmsUp):
        return 0
    count = 0
    for event in feed:
        strategy.warm_up(event)
        count += 1
    return count


def replay(feed: Iterable[Slice], desk: Desk) -> Iterator[Step]:
    """Every slice through `desk.step`, in order. Lazy: the caller decides when to stop and what to write."""
    for event in feed:
        yield desk.step(event)
