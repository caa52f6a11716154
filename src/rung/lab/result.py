"""What a backtest leaves: frames of what happened, figures about it, and a sentence that does not flatter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from rung.domain.verdicts import ViolationKind
from rung.lab.metrics import Performance, Trades
from rung.lab.outlines import named, number, outline, percent
from rung.lab.refusals import advice_on
from rung.lab.statistics.verdict import MIN_DAYS
from rung.lab.trial_count import Tried
from rung.strategy.parameters import Value

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures of one run; fractions are decimals, money is in the quote currency, None means "cannot be said".

    max_drawdown_frac : largest fall from a peak, on the closes of all slices, in [0, 1]; `performance` has the days'.
    ruined_on : the first day on which equity at a close was not above zero, None for none: from it on daily returns are
    −1 and then 0, the total is −1, and `end_equity_quote` says what the books came to.
    hold_return_frac : the symbols bought in equal parts at the first open and sold at the last close, costs in.
    performance : of daily returns.   closed : of closed positions, in quote currency.
    before_costs_quote : what the same fills would have earned without any of the costs.
    funding_quote : paid less received, < 0 when more was received; None where nothing pays funding.
    borrow_quote : loans of what was sold short; None where no loan is charged.
    liquidation_fees_quote : the venue's, for closing what had no margin left, None where there is no margin account;
    liquidations : how many positions it closed.
    time_in_market_frac : share of slices with a position.   exposure_mean_frac : mean over slices of gross notional ÷
    equity, a short counted as a size; max_exposure_frac : the largest; None when equity was once not above zero.
    turnover : traded value ÷ starting equity; turnover_per_day : ÷ each day's first equity, mean.
    refused_orders : opening orders a gate refused; refused : violations by kind, an order can have several.
    """

    start_equity_quote: Decimal
    end_equity_quote: Decimal
    total_return_frac: float
    ruined_on: str | None
    hold_return_frac: float
    performance: Performance
    closed: Trades
    max_drawdown_frac: float
    still_open: int
    mean_trade_frac: float | None
    mean_bars_held: float | None
    fees_quote: Decimal
    slippage_quote: Decimal
    funding_quote: Decimal | None
    borrow_quote: Decimal | None
    liquidation_fees_quote: Decimal | None
    liquidations: int
    traded_quote: Decimal
    before_costs_quote: Decimal
    turnover: float
    turnover_per_day: float | None
    exposure_mean_frac: float | None
    max_exposure_frac: float | None
    time_in_market_frac: float
    slices: int
    sent_orders: int
    refused_orders: int
    refused: Mapping[str, int]

    @property
    def days(self) -> int:
        return self.performance.days

    @property
    def sharpe(self) -> float | None:
        """Annualised, of daily returns."""
        return self.performance.sharpe.annual if self.performance.sharpe else None

    @property
    def sharpe_error(self) -> float | None:
        return self.performance.sharpe.annual_error if self.performance.sharpe else None

    @property
    def trades(self) -> int:
        return self.closed.count

    @property
    def wins(self) -> int:
        return self.closed.wins

    @property
    def win_rate_frac(self) -> float | None:
        return self.closed.win_rate_frac

    @property
    def profit_factor(self) -> float | None:
        return self.closed.profit_factor

    @property
    def costs_quote(self) -> Decimal:
        """Everything trading and holding cost; funding received makes it less."""
        holding = (self.funding_quote, self.borrow_quote, self.liquidation_fees_quote)
        return sum((amount for amount in holding if amount is not None), self.fees_quote + self.slippage_quote)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Everything needed to run the same again, and what to doubt about it.

    strategy_id, costs_id, limits_id : content hashes.   tape_ids, funding_ids : by symbol.   timeframe : of the bars
    seen.   costs : (name, value) as stamped.   periods_per_year : days with a return, by which figures are annualised.
    warnings : doubts about tapes and instruments.   decide_at : file and line of `decide`, limits_from : names of
    limit files; "" where they are not known.
    """

    strategy: str
    origin: str
    strategy_id: str
    parameters: Mapping[str, Value]
    symbols: tuple[str, ...]
    start: str
    end: str
    timeframe: str
    currency: str
    calendar: str
    periods_per_year: int
    costs_id: str
    limits_id: str
    costs: tuple[tuple[str, str], ...]
    tape_ids: Mapping[str, str]
    funding_ids: Mapping[str, str]
    synthetic: bool
    warnings: tuple[str, ...]
    decide_at: str = ""
    limits_from: str = ""

    @property
    def named(self) -> str:
        """The strategy for a title: `idea (ideas/first.py)` where it is somebody's file."""
        return f"{self.strategy} ({self.origin})" if ".py" in self.origin else self.strategy


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BacktestResult:
    """One finished backtest.

    equity : at (UTC), equity, gross, in_market; funding, borrow, liquidation_fees so far; a row per slice.
    hold : at, equity of buying and holding, after costs.   daily : date, return_frac; one row per session.
    trades : closed positions; `pnl` is net of every fee and charge in the row.   fills : executions.
    charges : funding, borrow and liquidation fees as they fell due; > 0 was paid.
    orders : every order of every decision with its verdict; `why` says what the gates said to a refused one.
    """

    identity: Identity
    figures: Figures
    equity: pl.DataFrame
    hold: pl.DataFrame
    daily: pl.DataFrame
    trades: pl.DataFrame
    fills: pl.DataFrame
    charges: pl.DataFrame
    orders: pl.DataFrame
    notes: tuple[str, ...]
    tried: Tried | None = None

    @property
    def honesty(self) -> str:
        """What may and what may not be believed, in one line."""
        return honest_words(self.figures, synthetic=self.identity.synthetic, tried=self.tried)

    @property
    def advice(self) -> str:
        """What to do about refused orders; "" where there is nothing to say."""
        return advice_on(self.figures, self.identity, self.orders)

    def __repr__(self) -> str:
        """A few lines; everything is in `figures`, `identity` and the frames."""
        identity, figures = self.identity, self.figures
        error = "" if figures.sharpe_error is None else f" ± {figures.sharpe_error:,.2f}"
        facts = (
            ("set", named(identity.parameters)),
            (
                "earned",
                f"{percent(figures.total_return_frac)}, buying and holding {percent(figures.hold_return_frac)}; Sharpe "
                f"{number(figures.sharpe)}{error} of {figures.days} days; {figures.trades:,} trades; costs "
                f"{figures.costs_quote:,.2f} {identity.currency}; {figures.refused_orders:,} orders refused",
            ),
            ("advice", self.advice),
            ("honesty", self.honesty),
        )
        names = ("equity", "hold", "daily", "trades", "fills", "charges", "orders")
        where = f"{' '.join(identity.symbols)}, {identity.start} to {identity.end}, {identity.timeframe} bars"
        return outline(
            f"BacktestResult: {identity.named} on {where}", facts, {name: getattr(self, name) for name in names}
        )


def honest_words(figures: Figures, *, synthetic: bool, tried: Tried | None = None) -> str:
    """One line about luck, costs and evidence. Never better than the figures."""
    parts = ["an invented market is no evidence of anything"] if synthetic else []
    parts.append(_about_trading(figures) if figures.ruined_on is None else _about_ruin(figures))
    if figures.trades or figures.still_open:
        if figures.ruined_on is None:
            parts.append(_about_luck(figures))
        if figures.liquidations:
            parts.append(f"the venue closed {figures.liquidations} of its positions because their margin was gone")
        if ViolationKind.CIRCUIT_BREAKER in figures.refused:
            parts.append("it lost so much that the gates stopped it")
        if figures.total_return_frac <= figures.hold_return_frac:
            parts.append(_about_holding(figures.total_return_frac, figures.hold_return_frac))
        parts.append("one run of one parameter set, chosen by you: not out of sample")
    if tried is not None:
        parts.append(tried.words)
    return "; ".join(parts)


def _about_trading(figures: Figures) -> str:
    if not figures.sent_orders:
        return "it sent no order: it wished for nothing, or for less than one lot"
    if not figures.trades and not figures.still_open:
        kinds = ", ".join(figures.refused) or "no fill"
        return f"it never traded: {figures.refused_orders} orders were refused ({kinds})"
    gross, net = figures.before_costs_quote, figures.end_equity_quote - figures.start_equity_quote
    if net > 0:
        return f"it earned after costs, from {figures.trades} closed trades"
    return "it lost before costs too" if gross <= 0 else "costs ate what it earned"


def _about_ruin(figures: Figures) -> str:
    end = figures.end_equity_quote
    left = f"{-end:,.2f} is owed at the end" if end < 0 else "nothing was left"
    return f"it was ruined on {figures.ruined_on}: {left}, and what came after is no result"


def _about_holding(total_frac: float, hold_frac: float) -> str:
    own, hold = f"{total_frac:+.2%}", f"{hold_frac:+.2%}"
    return f"buying and holding did {'as well' if own == hold else 'better'} ({hold} against {own})"


def _about_luck(figures: Figures) -> str:
    if figures.sharpe is None or figures.sharpe_error is None or figures.days < MIN_DAYS:
        return f"{figures.days} day{'s are' if figures.days != 1 else ' is'} too few to tell skill from luck"
    distance = abs(figures.sharpe) / figures.sharpe_error if figures.sharpe_error > 0 else float("inf")
    shown = f"Sharpe {figures.sharpe:.1f} ± {figures.sharpe_error:.1f}"
    if distance < 2.0:
        return f"{shown} from {figures.days} days is not to be told from luck"
    return f"{shown} from {figures.days} days is {'worse' if figures.sharpe < 0 else 'better'} than luck alone explains"
