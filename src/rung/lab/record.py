"""What is kept of a run → the frames and figures of a backtest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rung.domain.charge import Charge, ChargeKind
from rung.domain.fill import Fill, Trigger
from rung.domain.funding import FundingHistory
from rung.domain.order import OrderKind
from rung.domain.verdicts import Refused, Verdict
from rung.kernels.statistics.growth import worst_fall
from rung.lab.buy_and_hold import hold_path
from rung.lab.metrics import exposure, performance, returns_to_ruin, trades, turnover_per_day
from rung.lab.result import Figures
from rung.lab.round_trips import RoundTrip, RoundTrips
from rung.lab.tapes import Market
from rung.ledger.holding import ZERO

if TYPE_CHECKING:
    import polars as pl

TRADE_COLUMNS = (
    "symbol", "side", "quantity", "opened", "closed", "entry_price", "exit_price", "pnl", "return_frac", "fees",
    "slippage", "funding", "borrow", "liquidation_fee", "bars", "trigger", "entry_reason", "exit_reason",
)  # fmt: skip


class Record:
    """What is kept of one run: of every slice three numbers, of what happens rarely all.

    at_ns, equity, gross : one per slice, quote currency.   end, end_gross : equity and gross value after the newest
    slice, exact.   dates, first_fills : per session its date, and how many fills there were before it.   ends : the
    equity at the end of every session but the last.   fill_rows, charged : with the row of the slice they were told in.
    trips : closed positions.
    ruined_on : the number of the first session in which the equity was not above zero.
    """

    def __init__(self) -> None:
        self.at_ns: list[int] = []
        self.equity: list[float] = []
        self.gross: list[float] = []
        self.end, self.end_gross = Decimal("nan"), ZERO
        self.dates: list[str] = []
        self.ends: list[Decimal] = []
        self.first_fills: list[int] = []
        self.fills: list[Fill] = []
        self.fill_rows: list[int] = []
        self.charged: list[tuple[int, Charge]] = []
        self.verdicts: list[Verdict] = []
        self.trips = RoundTrips()
        self.ruined_on: int | None = None
        self.notes: list[str] = []

    def figures(
        self, capital: Decimal, market: Market, histories: Mapping[str, FundingHistory] | None = None
    ) -> Figures:
        """Plain arithmetic over what was recorded; at least one step. histories : what holding perpetuals would pay."""
        end = self.end
        trips = self.trips.closed
        spent = _spent(self.fills)
        charged = {kind: self._charged_quote(kind) for kind in ChargeKind}
        lends = market.around_the_clock and any(symbol not in (histories or {}) for symbol in market.symbols)
        equity, gross = np.array(self.equity), np.array(self.gross)
        hold = self._hold(capital, market, spent.cost_frac, histories or {})
        return Figures(
            start_equity_quote=capital,
            end_equity_quote=end,
            total_return_frac=float(end / capital - 1) if self.ruined_on is None else -1.0,
            ruined_on=None if self.ruined_on is None else self.dates[self.ruined_on],
            hold_return_frac=float(hold[-1]) / float(capital) - 1.0,
            performance=performance(self._daily(capital), market.periods_per_year),
            closed=trades([float(trip.pnl_quote) for trip in trips]),
            max_drawdown_frac=worst_fall(equity, float(capital)),
            still_open=self.trips.still_open,
            mean_trade_frac=_mean([trip.return_frac for trip in trips]),
            mean_bars_held=_mean([float(trip.bars) for trip in trips]),
            fees_quote=spent.fees,
            slippage_quote=spent.slippage,
            funding_quote=charged[ChargeKind.FUNDING] if histories else None,
            borrow_quote=charged[ChargeKind.BORROW] if lends else None,
            liquidation_fees_quote=charged[ChargeKind.LIQUIDATION_FEE] if market.around_the_clock else None,
            liquidations=sum(f.trigger is Trigger.LIQUIDATION for f in self.fills),
            traded_quote=spent.traded,
            before_costs_quote=end - capital + spent.fees + spent.slippage + sum(charged.values(), ZERO),
            turnover=float(spent.traded / capital),
            turnover_per_day=self._turnover_per_day(capital),
            exposure_mean_frac=exposure(gross, equity) if equity.min() > 0.0 else None,
            max_exposure_frac=float((gross / equity).max()) if equity.min() > 0.0 else None,
            time_in_market_frac=float(np.count_nonzero(gross)) / len(gross),
            slices=len(self.at_ns),
            **self._about_orders(),
        )

    def daily_frame(self, capital: Decimal) -> pl.DataFrame:
        """date, return_frac: one row per session."""
        import polars as pl

        daily = self._daily(capital)
        return pl.DataFrame({"date": self.dates, "return_frac": daily})

    def _daily(self, capital: Decimal) -> NDArray[np.float64]:
        return returns_to_ruin([capital, *self.ends, self.end], self.ruined_on)

    def _turnover_per_day(self, capital: Decimal) -> float | None:
        starts = [float(equity) for equity in (capital, *self.ends)]
        fills = (self.fills[first:after] for first, after in pairwise([*self.first_fills, len(self.fills)]))
        traded = [float(sum((f.value_quote for f in of_day), ZERO)) for of_day in fills]
        return turnover_per_day(traded, starts) if min(starts) > 0.0 else None

    def _hold(
        self, capital: Decimal, market: Market, cost_frac: float, histories: Mapping[str, FundingHistory]
    ) -> NDArray[np.float64]:
        return hold_path(market, np.array(self.at_ns), cost_frac, histories) * float(capital)

    def hold_frame(
        self, capital: Decimal, market: Market, histories: Mapping[str, FundingHistory] | None = None
    ) -> pl.DataFrame:
        """at, equity of buying and holding: one row per slice. Its costs are the run's, known when the run is over."""
        import polars as pl

        hold = self._hold(capital, market, _spent(self.fills).cost_frac, histories or {})
        return pl.DataFrame({"at": _times(self.at_ns), "equity": hold})

    def equity_frame(self) -> pl.DataFrame:
        """at, equity, gross, in_market, and funding, borrow, liquidation_fees paid so far: one row per slice."""
        import polars as pl

        gross = np.array(self.gross)
        return pl.DataFrame(
            {
                "at": _times(self.at_ns),
                "equity": np.array(self.equity),
                "gross": gross,
                "in_market": gross > 0.0,
                "funding": self._so_far(ChargeKind.FUNDING),
                "borrow": self._so_far(ChargeKind.BORROW),
                "liquidation_fees": self._so_far(ChargeKind.LIQUIDATION_FEE),
            }
        )

    def trades_frame(self) -> pl.DataFrame:
        """One row per closed position."""
        return _frame(TRADE_COLUMNS, [_trade_row(trip) for trip in self.trips.closed], ("opened", "closed"))

    def fills_frame(self) -> pl.DataFrame:
        """One row per execution."""
        columns = ("at", "symbol", "side", "quantity", "price", "fee", "slippage", "trigger", "action", "reason")
        rows = [
            (
                f.at_ns, f.symbol, f.side.value, float(f.quantity), float(f.price), float(f.fee_quote),
                float(f.slippage_quote), f.trigger.value, f.action.value, f.reason,
            )
            for f in self.fills
        ]  # fmt: skip
        return _frame(columns, rows, ("at",))

    def charges_frame(self) -> pl.DataFrame:
        """One row per funding payment, loan and liquidation fee; amount > 0 was paid."""
        columns = ("at", "symbol", "kind", "amount", "reason")
        rows = [(c.at_ns, c.symbol, c.kind.value, float(c.amount_quote), c.reason) for _, c in self.charged]
        return _frame(columns, rows, ("at",))

    def orders_frame(self) -> pl.DataFrame:
        """One row per order of a decision, approved or refused, with the reasons of the gates."""
        columns = (
            "at", "order_id", "symbol", "side", "kind", "quantity", "reference_price", "reduce_only", "action",
            "reason", "approved", "why",
        )  # fmt: skip
        return _frame(columns, [_order_row(verdict) for verdict in self.verdicts], ("at",))

    def _about_orders(self) -> dict[str, Any]:
        refused = [v for v in self.verdicts if isinstance(v, Refused)]
        kinds = Counter(violation.kind.value for refusal in refused for violation in refusal.violations)
        return {
            "sent_orders": sum(order_of(v).kind is OrderKind.MARKET for v in self.verdicts),
            "refused_orders": len(refused),
            "refused": dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0]))),
        }

    def _charged_quote(self, kind: ChargeKind) -> Decimal:
        return sum((charge.amount_quote for _, charge in self.charged if charge.kind is kind), ZERO)

    def _so_far(self, kind: ChargeKind) -> NDArray[np.float64]:
        """What charges of this kind have come to, per slice."""
        paid = np.zeros(len(self.at_ns))
        for row, charge in self.charged:
            if charge.kind is kind:
                paid[row] += float(charge.amount_quote)
        return np.asarray(np.cumsum(paid))


class _Spent(NamedTuple):
    """What was traded and what trading cost, quote currency. cost_frac : of the value traded."""

    traded: Decimal
    fees: Decimal
    slippage: Decimal
    cost_frac: float


def _spent(fills: Sequence[Fill]) -> _Spent:
    traded = sum((f.value_quote for f in fills), ZERO)
    fees, slippage = [f.fee_quote for f in fills], [f.slippage_quote for f in fills]
    costs = sum(map(add, fees, slippage), ZERO)
    cost_frac = float(costs / traded) if traded else 0.0
    return _Spent(traded, sum(fees, ZERO), sum(slippage, ZERO), cost_frac)


def order_of(verdict: Verdict) -> Any:
    """The order a verdict is about."""
    return verdict.order


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _trade_row(trip: RoundTrip) -> tuple[object, ...]:
    return (
        trip.symbol, "long" if trip.side > 0 else "short", float(trip.quantity), trip.opened_ns, trip.closed_ns,
        float(trip.entry_price), float(trip.exit_price), float(trip.pnl_quote), trip.return_frac,
        float(trip.fees_quote), float(trip.slippage_quote), float(trip.funding_quote), float(trip.borrow_quote),
        float(trip.liquidation_fee_quote), trip.bars, trip.trigger.value, trip.entry_reason, trip.exit_reason,
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
