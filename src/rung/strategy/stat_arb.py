"""Two instruments that move together: sell the one that ran ahead, buy the other, wait for them to meet.

Source: cointegration, Engle & Granger (1987); pairs as traded by Gatev, Goetzmann & Rouwenhorst (2006); the hedge ratio
follows the market by recursive least squares with forgetting (Haykin, Adaptive Filter Theory): no period is fitted
in advance. The test is online too: the spread's own autoregression must have a half-life of at most `max_half_life`.
Rule, once both symbols have a bar: e = ln y − a − b·ln x with the a, b known before the bar; score = (e − mean) ÷
deviation over `period`. Above `entry`: short y, long x, values in the ratio 1 : b. Below −`entry`: the reverse. Out
within `exit`, at ±`give_up` (it has come apart), after `patience` bars, or when b turns negative. Both legs are
one decision; a leg left alone (its partner was refused or stopped) is closed at once.
Assumes: the relation holds for longer than its half-life and both legs trade at the same time. Fails when the relation
breaks, and slowly everywhere: four executions per round trip against a spread that is small by choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rung.strategy.authoring import BookView, Portfolio, Wish
from rung.strategy.indicators import zscore
from rung.strategy.parameters import param

NOTHING: tuple[Wish, ...] = ()


class HedgeRatio:
    """y ≈ a + b·x by recursive least squares; old bars count `memory` to the power of their age.

    Logs are taken relative to the first pair, so that a and b stay well conditioned.
    """

    __slots__ = ("_first", "_memory", "_p", "a", "b")

    def __init__(self, memory: float) -> None:
        self._memory = memory
        self._p = (1e4, 0.0, 1e4)
        self._first: tuple[float, float] | None = None
        self.a = 0.0
        self.b = 1.0

    def __call__(self, y: float, x: float) -> float:
        """The residual of this pair of logs under the ratio known before it; then learns from it."""
        if self._first is None:
            self._first = (y, x)
        y, x = y - self._first[0], x - self._first[1]
        error = y - self.a - self.b * x
        p00, p01, p11 = self._p
        g0, g1 = p00 + p01 * x, p01 + p11 * x
        scale = self._memory + g0 + g1 * x
        k0, k1 = g0 / scale, g1 / scale
        self.a += k0 * error
        self.b += k1 * error
        forget = 1.0 / self._memory
        self._p = ((p00 - k0 * g0) * forget, (p01 - k0 * g1) * forget, (p11 - k1 * g1) * forget)
        return error


class HalfLife:
    """Bars in which a deviation halves: the autoregression of a series around its slowly moving mean, with forgetting.

    `bars` is infinite where nothing comes back, NaN before the second value.
    """

    __slots__ = ("_last", "_mean", "_share", "_xx", "_xy", "bars")

    def __init__(self, period: int) -> None:
        self._share = 1.0 / period
        self._mean = self._last = self.bars = math.nan
        self._xx = self._xy = 0.0

    def __call__(self, value: float) -> float:
        if self._mean != self._mean:
            self._mean, self._last = value, 0.0
            return self.bars
        self._mean += self._share * (value - self._mean)
        now, before = value - self._mean, self._last
        self._xx += self._share * (before * before - self._xx)
        self._xy += self._share * (before * now - self._xy)
        self._last = now
        phi = self._xy / self._xx if self._xx > 0.0 else 1.0
        self.bars = math.inf if phi >= 1.0 else 0.0 if phi <= 0.0 else -math.log(2.0) / math.log(phi)
        return self.bars


class StatArb(Portfolio):
    """A cointegrated pair, hedge ratio by recursive least squares, both legs one decision."""

    period = param(1440, low=20, high=100_000, about="bars of the spread's mean and deviation")
    memory_bars = param(10_000, low=100, high=10_000_000, about="bars the hedge ratio remembers")
    warm_up = param(2880, low=2, high=1_000_000, about="bars learned from before the first trade")
    entry = param(3.0, low=0.1, high=20.0, about="deviations at which the pair is entered")
    exit = param(0.5, low=0.0, high=20.0, about="deviations within which it is left")
    give_up = param(8.0, low=0.2, high=100.0, about="deviations at which it has come apart")
    patience = param(2880, low=1, high=1_000_000, about="bars after which it is left")
    max_half_life = param(720, low=1, high=1_000_000, about="bars; a spread slower than this is not entered")
    stop = param(0.05, low=0.0005, high=0.5, about="stop of each leg, fraction of its entry price")
    size = param(0.95, low=0.0001, high=100.0, about="value of both legs together, fraction of equity")

    def start(self) -> None:
        if len(self.symbols) != 2:
            raise ValueError(f"a pair has two symbols, not {len(self.symbols)}")
        self.ratio = HedgeRatio(1.0 - 1.0 / self.memory_bars)
        self.half_life = HalfLife(self.memory_bars)
        self.score = zscore(self.period)
        self.seen = self.held = 0

    def decide(self, view: BookView) -> Sequence[Wish]:
        """Learn from the pair; enter, keep, or leave both legs."""
        y, x = self.symbols
        bars = view.bars
        if y not in bars or x not in bars:
            return NOTHING
        error = self.ratio(math.log(bars[y].close), math.log(bars[x].close))
        slow = self.half_life(error)
        score = self.score(error)
        self.seen += 1
        side, other = view.side(y), view.side(x)
        if side and side == -other:
            self.held += 1
            why = self._done(side, score)
            return self._out(why) if why else NOTHING
        self.held = 0
        if side or other:
            return NOTHING if view.working else self._out("a leg without its partner")
        if self.seen < self.warm_up or not abs(score) > self.entry or abs(score) > self.give_up:
            return NOTHING
        if self.ratio.b <= 0.0 or slow > self.max_half_life:
            return NOTHING
        return self._into(-1 if score > 0.0 else 1)

    def _done(self, side: int, score: float) -> str:
        """Why the pair is left now; "" to keep it. side : that of the first leg."""
        if side * score >= -self.exit:
            return "the spread has closed"
        if abs(score) > self.give_up:
            return "the spread has come apart"
        if self.ratio.b <= 0.0:
            return "the hedge ratio turned negative"
        return "patience is over" if self.held > self.patience else ""

    def _into(self, side: int) -> Sequence[Wish]:
        """Both legs, values in the ratio 1 : b, together `size` of the equity; rounded to 0.1 %."""
        y, x = self.symbols
        first = round(self.size / (1.0 + self.ratio.b), 3)
        second = round(self.size - first, 3)
        if not first or not second:
            return NOTHING
        why = "spread is low" if side > 0 else "spread is high"
        if side > 0:
            return self.long(y, why, weight=first, stop=self.stop), self.short(x, why, weight=second, stop=self.stop)
        return self.short(y, why, weight=first, stop=self.stop), self.long(x, why, weight=second, stop=self.stop)

    def _out(self, why: str) -> Sequence[Wish]:
        return tuple(self.flat(symbol, why) for symbol in self.symbols)
