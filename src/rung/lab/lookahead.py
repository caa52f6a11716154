"""Does a strategy know what it cannot know? `check` asks by changing the future and watching the present.

The strategy runs once on the tape as it is; every number it shows of itself, every wish, order and fill is kept. Then
it runs again on tapes that are the same up to a bar and other after it: raised, lowered, scrambled, ended. Whatever
differs at or before that bar came from the future. Where cuts are made, and how the first bar is found:
`checking.cuts`. Files the strategy reads by itself change with the tape: `checking.readers`.

What this cannot see: a file that is no tape of the folder (it is named), a parameter chosen by looking at the same
period, and values kept where no attribute of the strategy shows them, as long as no wish changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np

from rung.domain.errors import UserError
from rung.lab.bench import BacktestRequest, Bench, prepare
from rung.lab.checking.cuts import Search, cut_places
from rung.lab.checking.futures import Future
from rung.lab.checking.lines import attribute_of, line_of_difference, line_that_makes
from rung.lab.checking.own_books import OwnFill, Prices, own_fill
from rung.lab.checking.report import Answer, CheckReport, Leak, Verdict
from rung.lab.checking.runs import Runner, Shown, runner_for
from rung.lab.checking.steadiness import (
    LATER_STARTS,
    LaterStart,
    Neighbour,
    Parting,
    fingerprint,
    fingerprint_elsewhere,
    is_cliff,
    later_starts,
    neighbours,
    repeated,
    steps_aside,
)
from rung.lab.funding import Given
from rung.lab.instruments import Kind
from rung.lab.strategy_files import AnyStrategy
from rung.market.calendar import DEFAULT_CACHE_DIR
from rung.market.tape import Tape
from rung.strategy.running import file_of

Progress = Callable[[str, int, int], None]
_UP_AND_DOWN = (Future.RAISED, Future.LOWERED)


class CheckOptions(TypedDict, total=False):
    """What `check` may be told, by name; as for `backtest`."""

    symbols: Sequence[str] | str
    start: str | None
    end: str | None
    data: str | Path | Sequence[Tape]
    settings: Mapping[str, Any]
    every: int | None
    funding: Given
    traded_as: Kind | None
    timeframe: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """One question. every : bars between cuts, None to spread them; the rest as in a BacktestRequest.

    in_fresh_process : also run it in a new process with another hash seed; needs a file or a name, and a folder.
    """

    strategy: str | Path | AnyStrategy
    symbols: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    data: str | Path | Sequence[Tape] = "data"
    settings: Mapping[str, Any] = field(default_factory=dict)
    every: int | None = None
    in_fresh_process: bool = True
    cache: Path | None = DEFAULT_CACHE_DIR
    funding: Given = None
    traded_as: Kind | None = None
    timeframe: str | None = None

    def backtest(self) -> BacktestRequest:
        return BacktestRequest(
            strategy=self.strategy, symbols=self.symbols, start=self.start, end=self.end, data=self.data,
            settings=self.settings, cache=self.cache, funding=self.funding, traded_as=self.traded_as,
            timeframe=self.timeframe,
        )  # fmt: skip


def check(strategy: str | Path | AnyStrategy, **options: Unpack[CheckOptions]) -> CheckReport:
    """Look for the future in a strategy (a class, a file, a name); see `CheckOptions` for what may be said.

    Only a file is executed anew for every run: of a class, what its module read at import is not found. Deterministic.
    Raises UserError for everything a person can mend.
    """
    symbols = options.get("symbols", ())
    request = CheckRequest(
        strategy=strategy,
        symbols=(symbols,) if isinstance(symbols, str) else tuple(symbols),
        start=options.get("start"),
        end=options.get("end"),
        data=options.get("data", "data"),
        settings=options.get("settings", {}),
        every=options.get("every"),
        funding=options.get("funding"),
        traded_as=options.get("traded_as"),
        timeframe=options.get("timeframe"),
    )
    return run_check(request)


def run_check(request: CheckRequest, progress: Progress = lambda what, done, total: None) -> CheckReport:
    """As `check`, for a whole request."""
    if request.every is not None and request.every < 1:
        raise UserError(f"{request.every} bars between cuts are none", where="--every", remedy="give 1 or more")
    bench = prepare(request.backtest())
    with runner_for(bench, _file(request), _root(request)) as runner:
        return _Checking(request, runner, progress).report()


class _Checking:
    """The questions of one check, in the order in which an answer makes the next one worth asking."""

    def __init__(self, request: CheckRequest, runner: Runner, progress: Progress) -> None:
        self._request, self._runner, self._progress = request, runner, progress
        self._answers: list[Answer] = []
        self._leaks: list[Leak] = []
        self._cuts = 0
        self._warm_up: int | None = None

    def report(self) -> CheckReport:
        """Ask everything."""
        runner, progress = self._runner, self._progress
        progress("the tape as it is", 0, 1)
        runner.whole = runner.truth()
        if len(runner.whole) < 2:
            raise UserError("the period has fewer than 2 bars", remedy="choose a longer one")
        steady = self._ask_again()
        if steady:
            self._ask_the_future()
        else:
            self._say("look-ahead", Verdict.NOT_TESTED, "two runs of the same tape differ already: mend that first")
        self._ask_own_books()
        self._ask_what_was_read()
        self._ask_later_starts()
        self._ask_cliffs()
        identity = runner.bench.identity
        return CheckReport(
            strategy=identity.strategy, origin=identity.origin, symbols=identity.symbols, start=identity.start,
            end=identity.end, parameters=dict(identity.parameters), bars=len(runner.whole), cuts=self._cuts,
            bars_replayed=runner.steps, synthetic=identity.synthetic, answers=tuple(self._answers),
            leaks=tuple(self._leaks), warm_up_bars=self._warm_up,
        )  # fmt: skip

    def _say(self, name: str, verdict: Verdict, what: str) -> None:
        self._answers.append(Answer(name=name, verdict=verdict, what=what))

    def _ask_again(self) -> bool:
        """Same again, here and elsewhere. True when runs can be compared at all."""
        self._progress("the same again", 0, 1)
        chance, memory = repeated(self._runner)
        if chance is not None:
            self._say("same again", Verdict.FOUND, f"a second run differs {self._words(chance)}: chance without a seed")
        elif memory is not None:
            words = f"the second run of one process differs {self._words(memory)}: state is kept in the module or class"
            self._say("same again", Verdict.FOUND, words)
        else:
            self._say("same again", Verdict.PASSED, "three runs in one process are the same to the last digit")
        if chance is None:
            self._ask_elsewhere()
        return chance is None and (memory is None or self._runner.file is not None)

    def _ask_elsewhere(self) -> None:
        request = self._request
        if (
            not request.in_fresh_process
            or isinstance(request.strategy, type)
            or isinstance(request.funding, Mapping)
            or self._runner.copies.root is None
        ):
            self._say("fresh process", Verdict.NOT_TESTED, "needs a strategy in a file and tapes in a folder")
            return
        self._progress("in a fresh process", 0, 1)
        asked = {
            "strategy": str(request.strategy), "symbols": list(request.symbols), "start": request.start,
            "end": request.end, "data": str(request.data), "settings": dict(request.settings),
            "funding": None if request.funding is None else str(request.funding), "traded_as": request.traded_as,
            "timeframe": request.timeframe,
        }  # fmt: skip
        if fingerprint_elsewhere(asked) == fingerprint(self._runner.whole):
            self._say("fresh process", Verdict.PASSED, "the same with another hash seed")
        else:
            self._say("fresh process", Verdict.FOUND, "differs with another hash seed: does it go through a set?")

    def _ask_the_future(self) -> None:
        runner, bars = self._runner, len(self._runner.whole)
        places = cut_places(bars, self._request.every)
        search: Search[Shown] = Search(runner.shows)
        found: Shown | None = None
        for found in search.first(places):
            what = "changing the future" if found is None else "looking for the first bar"
            self._progress(what, min(search.asked, len(places)), len(places))
            if found is not None and found.future in _UP_AND_DOWN:
                runner.futures = _UP_AND_DOWN  # what shows it is known: half of the runs find the first bar as well
        self._cuts = search.asked
        if found is None:
            words = "after every bar" if len(places) == bars - 1 else f"at {len(places)} of {bars - 1:,} bars"
            self._say("look-ahead", Verdict.PASSED, f"nothing changes when the future does, {words} in 4 ways")
            return
        leak = self._leak(found, exact=search.exact)
        self._leaks.append(leak)
        self._say("look-ahead", Verdict.FOUND, leak_words(leak))

    def _leak(self, found: Shown, *, exact: bool) -> Leak:
        reads = self._runner.copies.reads.tapes
        difference = found.difference
        symbols = self._runner.bench.market.symbols
        symbol = difference.name.rpartition(":")[0] or (symbols[0] if len(symbols) == 1 else " ".join(symbols))
        return Leak(
            symbol=symbol, bar=found.bar, at_ns=self._runner.whole[found.bar].at_ns, kind=difference.kind,
            name=difference.name.rpartition(":")[2], was=difference.was, now=difference.now, future=found.future.value,
            exact=exact, line=line_of_difference(self._runner, found), read_at=next(iter(reads.values()), ""),
        )  # fmt: skip

    def _ask_own_books(self) -> None:
        """Fills of the desk are priced after their decision; the strategy books none of its own before."""
        runner = self._runner
        if runner.early:
            at_ns, symbol = runner.early[0]
            self._say(
                "same-bar fill", Verdict.FOUND, f"the desk fills {symbol} within the bar decided on, {_time(at_ns)}"
            )
            return
        for symbol, prices in _prices(runner.bench, [row.at_ns for row in runner.whole]).items():
            own = own_fill(runner.whole, symbol, prices)
            if own is not None:
                leak = self._own_leak(symbol, own)
                self._leaks.append(leak)
                self._say("same-bar fill", Verdict.FOUND, f"self.{leak.name} {own.what} {_place(leak)}")
                return
        fills = sum(len(row.fills) for row in runner.whole)
        if not fills:
            self._say(
                "same-bar fill", Verdict.NOT_TESTED, "it never traded on these bars, so no trade of it was tested"
            )
            return
        words = f"all {fills:,} fills lie in bars that began after the decision; it keeps no book of its own"
        self._say("same-bar fill", Verdict.PASSED, words)

    def _own_leak(self, symbol: str, own: OwnFill) -> Leak:
        file = file_of(self._runner.bench.found.cls)
        line = line_that_makes(Path(file), attribute_of(own.name)) if file else None
        return Leak(
            symbol=symbol, bar=own.bar, at_ns=self._runner.whole[own.bar].at_ns, kind="own fill",
            name=own.name.rpartition(":")[2], was=f"{own.booked:.8g}", now=f"{own.price:.8g}", future="", exact=True,
            line=f"{file}:{line}" if line else "", read_at="",
        )  # fmt: skip

    def _ask_what_was_read(self) -> None:
        reads = self._runner.copies.reads
        if reads.others:
            names = ", ".join(f"{Path(name).name} ({Path(line).name})" for name, line in list(reads.others.items())[:3])
            words = f"reads {names}: no tape of the folder, so its future was not changed"
            self._say("own files", Verdict.DOUBT, words)
        elif reads.tapes:
            words = f"reads {', '.join(reads.tapes)} by itself; the copies it was given had other futures too"
            self._say("own files", Verdict.PASSED, words)
        else:
            self._say("own files", Verdict.PASSED, "reads no file by itself")

    def _ask_later_starts(self) -> None:
        what, total = "starting later", len(LATER_STARTS)
        starts = later_starts(self._runner, lambda done: self._progress(what, done, total))
        verdict, words = _warm_up_words(starts)
        if starts and all(each.settled is not None for each in starts):
            self._warm_up = max(each.settled or 0 for each in starts)
        self._say("warm-up", verdict, words)

    def _ask_cliffs(self) -> None:
        bench = self._runner.bench
        total = len(steps_aside(bench.found.cls, bench.values))
        if not total:
            self._say("cliffs", Verdict.PASSED, "no number among the parameters")
            return
        base, beside = neighbours(self._runner, lambda done: self._progress("a step aside", done, total))
        self._say("cliffs", *_cliff_words(base, beside, bench.values))

    def _words(self, found: Parting) -> str:
        difference = found.difference
        name = f"self.{difference.name.rpartition(':')[2]}" if difference.name else difference.kind
        return f"at {_time(self._runner.whole[found.bar].at_ns)}: {name} was {difference.was}, then {difference.now}"


def leak_words(leak: Leak) -> str:
    """The leak in a sentence."""
    if leak.kind == "failure":
        return f"it fails when the future is {leak.future}: {leak.now} {_place(leak)}"
    name = f"self.{leak.name}" if leak.kind == "value" else f"the {leak.kind}"
    words = f"{name} is {leak.was}, but {leak.now} when the future is {leak.future}: {_place(leak)}"
    return f"{words}; it reads the tape by itself at {leak.read_at}" if leak.read_at else words


def _place(leak: Leak) -> str:
    where = f", {leak.line}" if leak.line else ""
    first = "first" if leak.exact else "known first (say --every 1 for the very first)"
    return f"{first} at {_time(leak.at_ns)} (bar {leak.bar}, {leak.symbol}){where}"


def _time(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns // 10**9, UTC):%Y-%m-%d %H:%M} UTC"


def _warm_up_words(starts: Sequence[LaterStart]) -> tuple[Verdict, str]:
    """Later starts in a sentence: settled, deciding before it has settled, or never settled."""
    tried = ", ".join(str(each.skipped) for each in starts)
    if not starts:
        return Verdict.NOT_TESTED, "the period is too short to start later"
    never = [each.skipped for each in starts if each.settled is None]
    if never:
        return Verdict.DOUBT, f"started {never[0]} bars later it never comes to the same wishes: it remembers its start"
    settled = max(each.settled or 0 for each in starts)
    hasty = next((s for s in starts if s.first_wish is not None and s.settled and s.first_wish < s.settled), None)
    if hasty is not None:
        first, agreed = hasty.skipped + (hasty.first_wish or 0), hasty.skipped + (hasty.settled or 0)
        words = (
            f"started {_bars(hasty.skipped)} later it first wants a position at bar {first:,}, but until bar {agreed:,}"
        )
        return Verdict.DOUBT, f"{words} (the period's first is bar 0) its wishes depend on the start: warm up longer"
    agreed_words = f"{_bars(settled)} after each start at the latest" if settled else "from each start on"
    return Verdict.PASSED, f"started {tried} bars later, its wishes are the same {agreed_words}"


def _bars(count: int) -> str:
    return f"{count:,} bar{'' if count == 1 else 's'}"


def _cliff_words(base: float, beside: Sequence[Neighbour], values: Mapping[str, Any]) -> tuple[Verdict, str]:
    worst = min(beside, key=lambda each: each.return_frac, default=None)
    if worst is None:
        return Verdict.NOT_TESTED, "no number has a neighbour it may take"
    count = f"{len(beside)} steps aside"
    if is_cliff(base, worst.return_frac):
        moved = f"{worst.name} = {worst.value:g} instead of {values[worst.name]:g}"
        words = f"{moved} turns a return of {base:+.2%} into {worst.return_frac:+.2%}: it stands at the edge"
        return Verdict.DOUBT, f"{words} ({count} tried)"
    best = max(each.return_frac for each in beside)
    return Verdict.PASSED, f"return {base:+.2%}; between {worst.return_frac:+.2%} and {best:+.2%} {count}"


def _prices(bench: Bench, at_ns: Sequence[int]) -> dict[str, Prices]:
    """Opens and closes of every symbol by slice; NaN where it has no bar."""
    instants = np.array(at_ns)
    found = {}
    for tape in bench.market.tapes:
        rows = bench.market.rows(tape)
        known = tape.open_ns[rows] + tape.interval_ns
        _, here, there = np.intersect1d(instants, known, return_indices=True)
        opens, closes = np.full(len(instants), np.nan), np.full(len(instants), np.nan)
        opens[here], closes[here] = tape.open[rows][there], tape.close[rows][there]
        found[tape.symbol] = Prices(opens, closes)
    return found


def _file(request: CheckRequest) -> str | None:
    """The strategy's file, when it is given as one."""
    return str(request.strategy) if not isinstance(request.strategy, type) and ".py" in str(request.strategy) else None


def _root(request: CheckRequest) -> Path | None:
    return Path(request.data).resolve() if isinstance(request.data, str | Path) else None
