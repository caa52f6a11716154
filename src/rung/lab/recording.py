"""Steps → the frames and figures of a backtest, in one pass beside the replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rung.domain.charge import Charge, ChargeKind
from rung.domain.fill import Fill, Trigger
from rung.domain.funding import FundingHistory
from rung.domain.order import OrderKind
from rung.domain.step import Step
from rung.domain.verdicts import Refused, Verdict
from rung.lab.result import Figures
from rung.lab.round_trips import RoundTrip, RoundTrips
from rung.lab.tapes import Market
from rung.ledger.holding import ZERO
from rung.market.tape import Tape

if TYPE_CHECKING:
    import polars as pl

MIN_DAYS = 5
TRADE_COLUMNS = (
    "symbol", "side", "quantity", "opened", "closed", "entry_price", "exit_price", "pnl", "return_frac", "fees",
    "slippage", "funding", "borrow", "liquidation_fee", "bars", "trigger", "entry_reason", "exit_reason",
)  # fmt: skip


class Recorder:
    """An observer of steps. Costs an append per step; what happens rarely is kept as it is."""

    def __init__(self) -> None:
        self._at_ns: list[int] = []
        self._equity: list[Decimal] = []
        self._in_market: list[bool] = []
        self._gross: list[float] = []
        self._charged: list[tuple[int, Charge]] = []
        self._ends: list[Decimal] = []
        self._date = ""
        self._fills: list[Fill] = []
        self._verdicts: list[Verdict] = []
        self._trips = RoundTrips()
        self.notes: list[str] = []

    def see(self, step: Step) -> None:
        """Take in one step, in order."""
        event, account = step.event, step.account
        if event.session.date != self._date:
            self._date = event.session.date
            if self._equity:
                self._ends.append(self._equity[-1])
        self._at_ns.append(event.at_ns)
        self._equity.append(account.equity_quote)
        self._in_market.append(bool(account.positions))
        self._gross.append(float(account.gross_notional_quote) if account.positions else 0.0)
        if step.fills:
            self._fills.extend(step.fills)
            for fill in step.fills:
                self._trips.take(fill, len(self._at_ns))
        for charge in step.charges:
            self._charged.append((len(self._at_ns) - 1, charge))
            self._trips.charge(charge)
        if step.verdicts:
            self._verdicts.extend(step.verdicts)
        if step.notes:
            self.notes.extend(step.notes)

    def figures(
        self, capital: Decimal, market: Market, histories: Mapping[str, FundingHistory] | None = None
    ) -> Figures:
        """Plain arithmetic over what was recorded; at least one step. histories : what holding perpetuals would pay."""
        end = self._equity[-1]
        daily = _daily([capital, *self._ends, end])
        ratio, error = sharpe(daily, 365 if market.around_the_clock else 252)
        fees = sum((f.fee_quote for f in self._fills), ZERO)
        slippage = sum((f.slippage_quote for f in self._fills), ZERO)
        charged = {kind: self._charged_quote(kind) for kind in ChargeKind}
        traded = sum((f.value_quote for f in self._fills), ZERO)
        exposure = self._exposure()
        return Figures(
            start_equity_quote=capital,
            end_equity_quote=end,
            total_return_frac=float(end / capital - 1),
            hold_return_frac=hold_return(market, float((fees + slippage) / traded) if traded else 0.0, histories),
            days=len(daily),
            max_drawdown_frac=worst_fall(np.array([float(capital), *map(float, self._equity)])),
            sharpe=ratio,
            sharpe_error=error,
            **self._about_trips(),
            fees_quote=fees,
            slippage_quote=slippage,
            funding_quote=charged[ChargeKind.FUNDING],
            borrow_quote=charged[ChargeKind.BORROW],
            liquidation_fees_quote=charged[ChargeKind.LIQUIDATION_FEE],
            liquidations=sum(f.trigger is Trigger.LIQUIDATION for f in self._fills),
            traded_quote=traded,
            before_costs_quote=end - capital + fees + slippage + sum(charged.values(), ZERO),
            turnover=float(traded / capital),
            time_in_market_frac=sum(self._in_market) / len(self._in_market),
            exposure_frac=float(exposure.mean()),
            max_exposure_frac=float(exposure.max()),
            slices=len(self._at_ns),
            **self._about_orders(),
        )

    def equity_frame(self) -> pl.DataFrame:
        """at, equity, in_market, gross, and funding, borrow, liquidation_fees paid so far: one row per slice."""
        import polars as pl

        return pl.DataFrame(
            {
                "at": _times(self._at_ns),
                "equity": np.array([float(equity) for equity in self._equity]),
                "in_market": self._in_market,
                "gross": self._gross,
                "funding": self._so_far(ChargeKind.FUNDING),
                "borrow": self._so_far(ChargeKind.BORROW),
                "liquidation_fees": self._so_far(ChargeKind.LIQUIDATION_FEE),
            }
        )

    def trades_frame(self) -> pl.DataFrame:
        """One row per closed position."""
        return _frame(TRADE_COLUMNS, [_trade_row(trip) for trip in self._trips.closed], ("opened", "closed"))

    def fills_frame(self) -> pl.DataFrame:
        """One row per execution."""
        columns = ("at", "symbol", "side", "quantity", "price", "fee", "slippage", "trigger", "action", "reason")
        rows = [
            (
                f.at_ns, f.symbol, f.side.value, float(f.quantity), float(f.price), float(f.fee_quote),
                float(f.slippage_quote), f.trigger.value, f.action.value, f.reason,
            )
            for f in self._fills
        ]  # fmt: skip
        return _frame(columns, rows, ("at",))

    def charges_frame(self) -> pl.DataFrame:
        """One row per funding payment, loan and liquidation fee; amount > 0 was paid."""
        columns = ("at", "symbol", "kind", "amount", "reason")
        rows = [(c.at_ns, c.symbol, c.kind.value, float(c.amount_quote), c.reason) for _, c in self._charged]
        return _frame(columns, rows, ("at",))

    def orders_frame(self) -> pl.DataFrame:
        """One row per order of a decision, approved or refused, with the reasons of the gates."""
        columns = (
            "at", "order_id", "symbol", "side", "kind", "quantity", "reference_price", "reduce_only", "action",
            "reason", "approved", "why",
        )  # fmt: skip
        return _frame(columns, [_order_row(verdict) for verdict in self._verdicts], ("at",))

    def _about_trips(self) -> dict[str, Any]:
        trips = self._trips.closed
        return {
            "trades": len(trips),
            "wins": sum(trip.pnl_quote > 0 for trip in trips),
            "still_open": self._trips.still_open,
            "mean_trade_frac": _mean([trip.return_frac for trip in trips]),
            "profit_factor": _profit_factor(trips),
            "mean_bars_held": _mean([float(trip.bars) for trip in trips]),
        }

    def _about_orders(self) -> dict[str, Any]:
        refused = [v for v in self._verdicts if isinstance(v, Refused)]
        kinds = Counter(violation.kind.value for refusal in refused for violation in refusal.violations)
        return {
            "sent_orders": sum(order_of(v).kind is OrderKind.MARKET for v in self._verdicts),
            "refused_orders": len(refused),
            "refused": dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0]))),
        }

    def _charged_quote(self, kind: ChargeKind) -> Decimal:
        return sum((charge.amount_quote for _, charge in self._charged if charge.kind is kind), ZERO)

    def _so_far(self, kind: ChargeKind) -> NDArray[np.float64]:
        """What charges of this kind have come to, per slice."""
        paid = np.zeros(len(self._at_ns))
        for row, charge in self._charged:
            if charge.kind is kind:
                paid[row] += float(charge.amount_quote)
        return np.asarray(np.cumsum(paid))

    def _exposure(self) -> NDArray[np.float64]:
        """Gross notional ÷ equity of the slices with an equity above zero; one 0 when there is none."""
        equity, gross = np.array([float(e) for e in self._equity]), np.array(self._gross)
        solvent = equity > 0
        return np.asarray(gross[solvent] / equity[solvent]) if solvent.any() else np.zeros(1)


def order_of(verdict: Verdict) -> Any:
    """The order a verdict is about."""
    return verdict.order


def sharpe(daily: NDArray[np.float64], periods: int) -> tuple[float | None, float | None]:
    """Annualised ratio of daily returns and its standard error; None for fewer than 5 days or when all are equal.

    Deviation with n − 1. Error for independent returns of any shape: Mertens (2002).
    """
    n = len(daily)
    spread = float(daily.std(ddof=1)) if n >= MIN_DAYS else 0.0
    if not spread > 1e-12:
        return None, None
    ratio = float(daily.mean()) / spread
    z = (daily - daily.mean()) / daily.std()
    skew, kurtosis = float((z**3).mean()), float((z**4).mean())
    error = sqrt(max(1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio**2, 0.0) / (n - 1))
    return ratio * sqrt(periods), error * sqrt(periods)


def worst_fall(path: NDArray[np.float64]) -> float:
    """Largest fall from a running peak as a fraction of the peak, in [0, 1]."""
    peak = np.maximum.accumulate(path)
    falls = np.divide(peak - path, peak, out=np.zeros(len(path)), where=peak > 0)
    return float(np.clip(falls.max(), 0.0, 1.0))


def hold_return(market: Market, cost_frac: float, histories: Mapping[str, FundingHistory] | None = None) -> float:
    """Equal parts of every symbol, bought at the first open, sold at the last close, each at a cost of `cost_frac`.

    histories : perpetuals held like that pay this funding, at the mark price or the newest close.
    """
    returns = []
    for tape in market.tapes:
        rows = market.rows(tape)
        first, last = float(tape.open[rows.start]), float(tape.close[rows.stop - 1])
        history = (histories or {}).get(tape.symbol)
        paid = _funding_per_unit(tape, rows, history) if history is not None else 0.0
        returns.append((last * (1.0 - cost_frac) - paid) / (first * (1.0 + cost_frac)) - 1.0)
    return sum(returns) / len(returns)


def _funding_per_unit(tape: Tape, rows: slice, history: FundingHistory) -> float:
    """What one unit held over these rows paid; what falls due at the first open is not paid yet."""
    start_ns, stop_ns = int(tape.open_ns[rows.start]) + 1, int(tape.open_ns[rows.stop - 1]) + tape.interval_ns
    paid = 0.0
    for instant in history.within(start_ns, stop_ns):
        row = int(np.searchsorted(tape.open_ns, instant.at_ns - tape.interval_ns, side="right")) - 1
        price = float(tape.close[max(row, rows.start)]) if instant.mark_price is None else float(instant.mark_price)
        paid += float(instant.rate) * price
    return paid


def _daily(ends: Sequence[Decimal]) -> NDArray[np.float64]:
    """Returns from one session's end to the next; after a loss of everything there are none."""
    returns = [float(after / before - 1) for before, after in pairwise(ends) if before > 0]
    return np.array(returns)


def _profit_factor(trips: Sequence[RoundTrip]) -> float | None:
    won = sum((t.pnl_quote for t in trips if t.pnl_quote > 0), ZERO)
    lost = sum((-t.pnl_quote for t in trips if t.pnl_quote < 0), ZERO)
    return float(won / lost) if lost > 0 else None


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _trade_row(trip: RoundTrip) -> tuple[object, ...]:
    return (
        trip.symbol, "long" if trip.side > 0 else "short", float(trip.quantity), trip.opened_ns, trip.closed_ns,
        float(trip.entry_price), float(trip.exit_price), float(trip.pnl_quote), trip.return_frac,
        float(trip.fees_quote), float(trip.slippage_quote), float(trip.funding_quote), float(trip.borrow_quote),
        float(trip.liquidation_fee_quote), trip.bars, trip.trigger, trip.entry_reason, trip.exit_reason,
    )  # fmt: skip


def _order_row(verdict: Verdict) -> tuple[object, ...]:
    order = verdict.order
    refused = isinstance(verdict, Refused)
    why = "; ".join(f"{v.gate}: {v.message}" for v in verdict.violations) if isinstance(verdict, Refused) else ""
    return (
        order.at_ns, order.order_id, order.symbol, order.side.value, order.kind.value, float(order.quantity),
        float(order.reference_price), order.reduce_only, order.action.value, order.reason, not refused, why,
    )  # fmt: skip


_TEXT = {"symbol", "side", "trigger", "action", "reason", "entry_reason", "exit_reason", "order_id", "kind", "why"}
_OTHER = {"bars": "Int64", "reduce_only": "Boolean", "approved": "Boolean"}


def _frame(columns: Sequence[str], rows: Sequence[Sequence[object]], times: Sequence[str]) -> pl.DataFrame:
    """Rows as a typed frame, also when there are none. times : columns of UTC nanoseconds."""
    import polars as pl

    kinds = {
        name: pl.Int64 if name in times else pl.String if name in _TEXT else getattr(pl, _OTHER.get(name, "Float64"))
        for name in columns
    }
    frame = pl.DataFrame(rows, schema=kinds, orient="row")
    return frame.with_columns(pl.col(name).cast(pl.Datetime("ns", "UTC")) for name in times)


def _times(at_ns: Sequence[int]) -> pl.Series:
    import polars as pl

    return pl.Series("at", at_ns, pl.Int64).cast(pl.Datetime("ns", "UTC"))
