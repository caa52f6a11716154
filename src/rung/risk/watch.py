"""Watches the market and the book, and tells the global risk its facts."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from annotated_doc import Doc
from annotated_types import Ge

from rung.domain.slice import Slice
from rung.domain.view import View
from rung.risk.global_risk import GlobalFacts
from rung.risk.measures import (
    capital_shares,
    concentration,
    deviation,
    expected_shortfall,
    mean_correlation,
    value_at_risk,
)

_Row = Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchParams:
    """How far back the watch looks. All in bars of the feed."""

    window_bars: Annotated[int, Ge(40), Doc("history of VaR, usual volatility and usual volume")] = 390
    recent_bars: Annotated[int, Ge(10), Doc("what counts as now for correlation, volatility, volume")] = 30
    observations: Annotated[int, Ge(2), Doc("earlier correlations a jump is measured against")] = 30
    bars_per_day: Annotated[int, Ge(1), Doc("scales the loss of a bar to a day, by its square root")] = 390
    leverage_of_cascade: Annotated[float, Ge(0), Doc("a position above this × equity is leveraged")] = 3.0


class RiskWatch:
    """Rolling returns and volumes of every symbol it is shown; facts about the present positions on request.

    Returns are close to close of neighbouring bars; over holes and nights there is none. Rows in which a held symbol
    is missing are left out of what needs all of them. One venue: venue facts are said to be unready. While something
    is held, what lacks history is blind, and nobody takes it for calm.
    """

    def __init__(self, params: WatchParams) -> None:
        self._params = params
        self._rows: deque[_Row] = deque(maxlen=params.window_bars)
        self._close: dict[str, tuple[int, float]] = {}
        self._correlations: deque[float] = deque(maxlen=params.observations)

    def observe(self, event: Slice) -> None:
        """Take in one slice."""
        row: dict[str, tuple[float, float]] = {}
        for symbol, bar in event.bars.items():
            known_ns, close = self._close.get(symbol, (0, 0.0))
            if known_ns == bar.open_ns and close > 0.0:
                row[symbol] = (bar.close / close - 1.0, bar.volume)
            self._close[symbol] = (bar.known_ns, bar.close)
        self._rows.append(row)

    def facts(self, view: View) -> GlobalFacts:
        """What the book looks like at this slice. Each call counts as one observation of the correlation."""
        equity = float(view.account.equity_quote)
        values = {s: float(p.value_quote) for s, p in view.account.positions.items() if p.quantity}
        shares = {s: value / equity if equity > 0.0 else math.nan for s, value in values.items()}
        of_capital = capital_shares(values, equity)
        series = self._series(values)
        recent = {s: _signed(r[-self._params.recent_bars :], values[s]) for s, r in series.items()}
        unready, blind = {"venue_share", "venue_imbalance"}, set[str]()
        lacking = blind if values else unready
        correlation = self._correlation(recent, blind if len(values) > 1 else unready)
        jump = self._jump(correlation, unready)
        var95, var99, shortfall = self._tails(series, shares, lacking)
        start = float(view.account.session_start_equity_quote)
        return GlobalFacts(
            at_ns=view.slice.at_ns,
            leverage=math.fsum(abs(share) for share in shares.values()),
            position_frac=max((abs(share) for share in shares.values()), default=0.0),
            daily_drawdown_frac=1.0 - equity / start if start > 0.0 else None,
            correlation=correlation,
            var95_frac=var95,
            var99_frac=var99,
            es975_frac=shortfall,
            symbol_share=max(of_capital.values(), default=0.0),
            venue_share=None,
            hhi=concentration(of_capital),
            correlation_jump=jump,
            volatility_ratio=self._volatility_ratio(series, shares, lacking, unready),
            liquidity=self._liquidity(values, lacking),
            venue_imbalance=None,
            leveraged_positions=sum(abs(s) > self._params.leverage_of_cascade for s in shares.values()),
            unready=frozenset(unready),
            blind=frozenset(blind),
        )

    def _series(self, held: Mapping[str, float]) -> dict[str, list[float]]:
        """Aligned returns of the held symbols over the window."""
        rows = [row for row in self._rows if all(symbol in row for symbol in held)]
        return {symbol: [row[symbol][0] for row in rows] for symbol in held}

    def _correlation(self, recent: Mapping[str, Sequence[float]], lacking: set[str]) -> float | None:
        if len(recent) < 2 or any(len(values) < self._params.recent_bars for values in recent.values()):
            lacking.add("correlation")
            return None
        return mean_correlation(recent)

    def _jump(self, correlation: float | None, lacking: set[str]) -> float | None:
        past = self._correlations
        jump: float | None = None
        if correlation is None or len(past) < self._params.observations:
            lacking.add("correlation_jump")
        else:
            jump = correlation - math.fsum(past) / len(past)
        if correlation is not None:
            past.append(correlation)
        return jump

    def _tails(
        self, series: Mapping[str, Sequence[float]], shares: Mapping[str, float], lacking: set[str]
    ) -> tuple[float | None, float | None, float | None]:
        book = _book(series, shares)
        if len(book) < self._params.recent_bars:
            lacking.update(("var95_frac", "var99_frac", "es975_frac"))
            return None, None, None
        if not all(math.isfinite(value) for value in book):
            return None, None, None
        day = math.sqrt(self._params.bars_per_day)
        return (
            value_at_risk(book, 0.95) * day,
            value_at_risk(book, 0.99) * day,
            expected_shortfall(book, 0.975) * day,
        )

    def _volatility_ratio(
        self,
        series: Mapping[str, Sequence[float]],
        shares: Mapping[str, float],
        lacking: set[str],
        unready: set[str],
    ) -> float | None:
        book = _book(series, shares)
        if len(book) < 2 * self._params.recent_bars:
            lacking.add("volatility_ratio")
            return None
        usual = deviation(book)
        if usual == 0.0:
            unready.add("volatility_ratio")
            return None
        return deviation(book[-self._params.recent_bars :]) / usual

    def _liquidity(self, held: Mapping[str, float], lacking: set[str]) -> float | None:
        """Least recent volume over usual volume among the held symbols, at most 1."""
        scores: list[float] = []
        for symbol in held:
            volumes = [row[symbol][1] for row in self._rows if symbol in row]
            usual = math.fsum(volumes) / len(volumes) if volumes else 0.0
            if len(volumes) < 2 * self._params.recent_bars or usual == 0.0:
                lacking.add("liquidity")
                return None
            recent = volumes[-self._params.recent_bars :]
            scores.append(min(1.0, math.fsum(recent) / len(recent) / usual))
        if not scores:
            lacking.add("liquidity")
        return min(scores, default=None)


def _signed(returns: Sequence[float], value: float) -> list[float]:
    return [each if value > 0.0 else -each for each in returns]


def _book(series: Mapping[str, Sequence[float]], shares: Mapping[str, float]) -> list[float]:
    """Return on equity of the present positions in each row of the past."""
    columns = [[each * shares[symbol] for each in returns] for symbol, returns in series.items()]
    return [math.fsum(row) for row in zip(*columns, strict=True)]
