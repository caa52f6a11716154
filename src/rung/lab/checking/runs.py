"""Runs of one strategy over a tape, its beginning, a later start, or another future, each with everything made anew."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from rung.domain.errors import UserError
from rung.engine.replay import replay
from rung.lab.bench import Bench
from rung.lab.checking.futures import Future, changed_market
from rung.lab.checking.readers import Copies, reading_through
from rung.lab.checking.watching import Difference, Row, Watch, first_difference
from rung.lab.strategy_files import find_strategy


class Shown(NamedTuple):
    """A bar at which another future changed something. bar : its place among the slices of the period."""

    bar: int
    future: Future
    cut: int
    difference: Difference


@dataclass(slots=True)
class Runner:
    """Runs of one bench. file : the strategy's file, executed anew for every run; None for a class or a built-in.

    steps : bars replayed so far.   whole, early : rows of the true run, and fills that came too soon in it.
    futures : those that are tried at every cut.
    """

    bench: Bench
    file: str | None
    copies: Copies
    steps: int = 0
    whole: list[Row] = field(default_factory=list)
    early: list[tuple[int, str]] = field(default_factory=list)
    futures: tuple[Future, ...] = tuple(Future)

    def rows(self, bench: Bench, watch: Watch, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        """A row per slice of the bench's own tape, from a desk of its own."""
        desk = bench.desk(watch)
        for step in replay(islice(bench.market.feed, start, stop), desk):
            self.steps += 1
            yield watch.row(step)

    def fresh(self) -> Bench:
        """The bench with the strategy's file read and executed again, so that nothing is left of earlier runs."""
        if self.file is None:
            return self.bench
        self._forget_neighbours()
        return replace(self.bench, found=find_strategy(self.file))

    def _forget_neighbours(self) -> None:
        """Modules beside the strategy's file are imported anew too: one of them may be what reads the tape."""
        authors = str(self.copies.authors)
        for name, module in list(sys.modules.items()):
            place = getattr(module, "__file__", None)
            beside = place is not None and os.path.dirname(place) == authors
            if beside and not name.startswith(("__main__", "test", "conftest")):
                del sys.modules[name]

    def truth(self) -> list[Row]:
        """The whole period on the tape as it is."""
        self.copies.future = None
        watch = Watch()
        with reading_through(self.copies):
            rows = list(self.rows(self.fresh(), watch))
        self.early = watch.early
        return rows

    def shows(self, cut: int) -> Shown | None:
        """The first difference up to bar `cut` when everything after it is another, in any of the futures."""
        for future in self.futures:
            found = self.differs(cut, future)
            if found is not None:
                return found
        return None

    def differs(self, cut: int, future: Future) -> Shown | None:
        """The same for one future. A strategy that fails before its first bar when the future is missing is let off:
        it may only need a longer file."""
        known_ns = self.whole[cut].at_ns
        self.copies.known_ns, self.copies.future = known_ns, future
        market = changed_market(self.bench.market, known_ns, future)
        bar = 0
        begun = False
        try:
            with reading_through(self.copies):
                bench = replace(self.fresh(), market=market)
                for bar, row in enumerate(self.rows(bench, Watch(), 0, cut + 1)):
                    begun = True
                    difference = first_difference(self.whole[bar], row)
                    if difference is not None:
                        return Shown(bar, future, cut, difference)
        except UserError as error:
            if not begun and future is Future.REMOVED:
                return None
            return Shown(bar + begun, future, cut, Difference("failure", "", "runs", error.what))
        finally:
            self.copies.forget_copies()
        return None


@contextmanager
def runner_for(bench: Bench, file: str | None, root: Path | None) -> Iterator[Runner]:
    """A runner with a scratch folder of its own, deleted at the end."""
    origin = sys.modules[bench.found.cls.__module__].__file__ if bench.found.cls.__module__ in sys.modules else None
    authors = None if origin is None or bench.found.origin == "built in" else Path(origin).resolve().parent
    with tempfile.TemporaryDirectory(prefix="rung-check-") as scratch:
        yield Runner(bench, file, Copies(root=root, authors=authors, scratch=Path(scratch)))
