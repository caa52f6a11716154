"""A planted leak of k bars at a random place is found at exactly its first bar; an honest strategy never is."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from rung.lab import Strategy, SymbolView, Wish, invented_tapes
from rung.lab.bench import BacktestRequest, prepare
from rung.lab.checking.cuts import Search, cut_places
from rung.lab.checking.readers import Copies
from rung.lab.checking.runs import Runner, Shown, runner_for
from rung.market.tape import COLUMNS, Label, RawBars, Tape, make_tape

(DAY,) = invented_tapes("COINUSDT", days=1)
BARS = 90
SHORT = make_tape(
    RawBars(open_ns=DAY.open_ns, **{name: getattr(DAY, name) for name in COLUMNS}).take(slice(0, BARS)),
    Label(symbol="COINUSDT", interval_ns=DAY.interval_ns, source="cut", synthetic=True),
)


def peeping(closes: Sequence[float], begin: int, ahead: int, *, in_wish: bool) -> type[Strategy]:
    """From bar `begin` on it knows the close `ahead` bars later, as a number it shows, or in nothing but its wish."""

    class Peeps(Strategy):
        def start(self) -> None:
            self.row = -1
            self.number = 0.0

        def decide(self, view: SymbolView) -> Wish | None:
            self.row += 1
            at = self.row + (ahead if self.row >= begin else 0)
            known = closes[at] if at < len(closes) else view.bar.close
            if in_wish:
                return self.long("it rises", stop=0.3) if known > view.bar.close else self.flat("it does not")
            self.number = known
            return None

    return Peeps


def searched(begin: int, ahead: int, places: Sequence[int], *, in_wish: bool) -> tuple[Shown | None, bool]:
    """What a search finds in a strategy that peeps into whatever tape it runs on."""
    bench = prepare(BacktestRequest(strategy=peeping([], begin, ahead, in_wish=in_wish), data=[SHORT], cache=None))
    with runner_for(bench, None, None) as runner:
        peeper = Peeper(bench, None, runner.copies, begin=begin, ahead=ahead, in_wish=in_wish)
        peeper.whole = peeper.truth()
        search: Search[Shown] = Search(peeper.shows)
        return list(search.first(places))[-1], search.exact


class Peeper(Runner):
    """A runner whose strategy is shown the whole tape of the run it is in, as a file it reads would show it."""

    def __init__(self, bench: object, file: None, copies: Copies, *, begin: int, ahead: int, in_wish: bool) -> None:
        super().__init__(bench, file, copies)  # type: ignore[arg-type]
        self._planted = begin, ahead, in_wish

    def rows(self, bench, watch, start=0, stop=None):  # type: ignore[no-untyped-def]
        from dataclasses import replace

        begin, ahead, in_wish = self._planted
        tape: Tape = bench.market.tapes[0]
        cls = peeping(tape.close.tolist(), begin, ahead, in_wish=in_wish)
        return super().rows(replace(bench, found=replace(bench.found, cls=cls)), watch, start, stop)


@settings(max_examples=15)
@given(st.integers(0, BARS - 10), st.integers(1, 9))
def test_a_planted_leak_is_found_at_exactly_its_first_bar(begin: int, ahead: int) -> None:
    found, exact = searched(begin, ahead, cut_places(BARS), in_wish=False)
    assert found is not None
    assert (found.bar, found.difference.name, exact) == (begin, "COINUSDT:number", True)


@settings(max_examples=6)
@given(st.integers(0, BARS - 10), st.integers(1, 9), st.integers(5, 40))
def test_wide_cuts_find_the_same_bar(begin: int, ahead: int, every: int) -> None:
    found, exact = searched(begin, ahead, cut_places(BARS, every), in_wish=False)
    assert found is not None
    assert (found.bar, exact) == (begin, True)


@settings(max_examples=6)
@given(st.integers(0, BARS - 10))
def test_a_leak_that_shows_in_nothing_but_the_wish_is_found_at_its_first_bar(begin: int) -> None:
    """One of a raised and a lowered next bar always turns the wish, unless the price does not move at all."""
    found, exact = searched(begin, 1, cut_places(BARS), in_wish=True)
    assert found is not None
    assert exact
    assert found.difference.kind == "wish"
    assert found.bar == begin


@settings(max_examples=2)
@given(st.integers(0, BARS))
def test_a_strategy_that_looks_no_bars_ahead_is_never_accused(begin: int) -> None:
    assert searched(begin, 0, cut_places(BARS), in_wish=False)[0] is None
    assert searched(begin, 0, cut_places(BARS), in_wish=True)[0] is None
