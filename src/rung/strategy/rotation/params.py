"""Every threshold of the rotation, in the sections and under the names of its configuration file.

The source's own JSON loads as it is; keys that only Rung knows have defaults. Fractions are decimals (0.015 = 1.5 %),
whatever the historic `_pct` suffix of a source key says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from annotated_doc import Doc
from annotated_types import Ge, Gt, Le, Lt, MinLen

from rung.kernels.learner.params import HORIZONS, Frac, LearnerParams

SOURCE_BOOSTS: Mapping[str, float] = {
    "TQQQ": 1.5, "SQQQ": 1.5, "SPXL": 1.5, "SDS": 1.4, "UVXY": 1.6, "SVXY": 1.3, "SVIX": 1.3, "SSO": 1.3,
    "ERX": 1.5, "ERY": 1.5, "FAS": 1.5, "FAZ": 1.5, "TNA": 1.5, "TZA": 1.5, "TSLA": 1.2, "NVDA": 1.1, "BRK.B": 0.8,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolsConfig:
    """What is traded and how much each symbol's strength is boosted."""

    active: Annotated[tuple[str, ...], MinLen(1), Doc("symbols the rotation may hold, in tie-breaking order")] = (
        "TQQQ",
        "SQQQ",
        "SPXL",
        "SDS",
        "UVXY",
        "SVXY",
    )
    leverage_boosts: Annotated[
        Mapping[str, Annotated[float, Gt(0), Le(10)]], Doc("strength multiplier per symbol; absent means 1.0")
    ] = field(default_factory=lambda: dict(SOURCE_BOOSTS))

    def __post_init__(self) -> None:
        if len(set(self.active)) != len(self.active):
            raise ValueError("a symbol is listed twice in active")

    def boost(self, symbol: str) -> float:
        return self.leverage_boosts.get(symbol, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OesConfig(LearnerParams):
    """The online ensemble (one learner per symbol) and the thresholds that make its probability a side."""

    prediction_horizons: Annotated[tuple[int, ...], Doc("minutes ahead; the learner is built for 1, 5, 10")] = HORIZONS
    buy_threshold: Annotated[float, Gt(0.5), Le(0.95), Doc("LONG above this probability of a rise")] = 0.53
    sell_threshold: Annotated[float, Ge(0.05), Lt(0.5), Doc("SHORT below this probability of a rise")] = 0.47
    neutral_zone: Annotated[float, Ge(0), Le(1), Doc("the source's name for buy − sell; checked against them")] = 0.06
    bb_period: Annotated[int, Ge(20), Le(20), Doc("Bollinger window; the compiled feature has 20")] = 20
    bb_std_dev: Annotated[float, Ge(2), Le(2), Doc("Bollinger width; the compiled feature has 2")] = 2.0
    enable_threshold_calibration: Annotated[bool, Doc("move the thresholds towards the target win rate")] = False
    calibration_window: Annotated[int, Ge(20), Doc("bars between two calibrations")] = 200
    target_win_rate: Annotated[Frac, Doc("share of signals followed by a move their way")] = 0.60
    threshold_step: Annotated[float, Gt(0), Le(0.05), Doc("how far one calibration moves a threshold")] = 0.005
    enable_kelly_sizing: Annotated[bool, Doc("not offered: must stay false")] = False
    kelly_fraction: Annotated[Frac, Doc("read only with Kelly sizing, which is not offered")] = 0.25
    max_position_size: Annotated[Frac, Doc("read only with Kelly sizing, which is not offered")] = 0.50

    def __post_init__(self) -> None:
        LearnerParams.__post_init__(self)
        if self.prediction_horizons != HORIZONS:
            raise ValueError("prediction_horizons must be [1, 5, 10]: the compiled learner has these three")
        if abs(self.buy_threshold - self.sell_threshold - self.neutral_zone) > 1e-9:
            raise ValueError("neutral_zone is not buy_threshold − sell_threshold")
        if self.enable_kelly_sizing:
            raise ValueError("enable_kelly_sizing is not offered: no measured edge supports a Kelly fraction")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalAggregatorConfig:
    """When a prediction counts as a signal, and how its strength is formed."""

    min_probability: Annotated[Frac, Doc("of the chosen side, max(p, 1−p)")] = 0.51
    min_confidence: Annotated[Frac, Doc("below this a prediction is no signal")] = 0.01
    min_strength: Annotated[float, Ge(0), Doc("below this a prediction is no signal")] = 0.005
    smoothing_alpha: Annotated[float, Gt(0), Le(1), Doc("EMA factor of the strength")] = 0.3
    enable_correlation_filter: Annotated[bool, Doc("skip entries too correlated with a holding")] = False
    max_correlation: Annotated[Frac, Doc("of one-bar returns over the kept history")] = 0.85
    filter_stale_signals: Annotated[bool, Doc("weigh strength by exp(−age/60 s) and drop stale symbols")] = True
    max_staleness_seconds: Annotated[float, Gt(0), Doc("age from which a symbol does not count as fresh")] = 120.0
    leverage_boosts: Annotated[
        Mapping[str, Annotated[float, Gt(0), Le(10)]], Doc("overrides symbols.leverage_boosts")
    ] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationManagerConfig:
    """Which signals are held: hysteresis, rotation, exits, sizing."""

    max_positions: Annotated[int, Ge(1), Le(50), Doc("positions held at once")] = 3
    min_rank_to_hold: Annotated[int, Ge(1), Doc("a holding ranked worse is left; also the worst rank entered")] = 5
    min_strength_to_enter: Annotated[float, Ge(0), Doc("enter at or above")] = 0.008
    min_strength_to_hold: Annotated[float, Ge(0), Doc("a decaying (missing) signal below this loses its rank")] = 0.006
    min_strength_to_exit: Annotated[float, Ge(0), Doc("leave below")] = 0.004
    rotation_strength_delta: Annotated[float, Ge(0), Doc("lead an outsider needs over the weakest holding")] = 0.15
    rotation_cooldown_bars: Annotated[int, Ge(0), Doc("bars a rotated-out symbol must wait")] = 10
    exit_cooldown_bars: Annotated[int, Ge(0), Doc("bars any exited symbol must wait")] = 10
    minimum_hold_bars: Annotated[int, Ge(0), Doc("only the stop and the end of day act earlier")] = 5
    equal_weight: Annotated[bool, Doc("every position gets the same capital; must stay true")] = True
    volatility_weight: Annotated[bool, Doc("not offered: must stay false")] = False
    capital_per_position: Annotated[float, Gt(0), Le(1), Doc("fraction of the deployed capital per position")] = 0.33
    deployed_capital_frac: Annotated[float, Gt(0), Le(1), Doc("fraction of equity put to work")] = 0.95
    min_position_quote: Annotated[float, Ge(0), Doc("smaller entries are not worth their costs, USD")] = 100.0
    adaptive_sizing: Annotated[bool, Doc("×1.15–1.5 after two wins, ×0.3–0.9 after two losses")] = False
    allow_shorts: Annotated[bool, Doc("false: inverse ETFs express the short view")] = False
    enable_profit_target: Annotated[bool, Doc("take-profit order after the minimum hold")] = True
    profit_target_pct: Annotated[float, Gt(0), Lt(1), Doc("fraction of the entry price")] = 0.03
    enable_stop_loss: Annotated[bool, Doc("protective stop from the first fill; the stop gate demands one")] = True
    stop_loss_pct: Annotated[float, Gt(0), Lt(1), Doc("fraction of the entry price")] = 0.015
    eod_liquidation: Annotated[bool, Doc("flatten before the close")] = True
    eod_minutes_before_close: Annotated[int, Ge(1), Le(120), Doc("before the calendar close, early ones too")] = 2
    eod_exit_time_minutes: Annotated[
        int | None,
        Ge(1),
        Le(390),
        Doc("the source's minute from 09:30; accepted, and compared with the calendar"),
    ] = None
    no_entry_minutes_before_eod: Annotated[int, Ge(0), Le(390), Doc("no entries this close to the flattening")] = 30

    def __post_init__(self) -> None:
        if not self.min_strength_to_exit <= self.min_strength_to_hold <= self.min_strength_to_enter:
            raise ValueError("hysteresis needs min_strength_to_exit ≤ min_strength_to_hold ≤ min_strength_to_enter")
        if not self.equal_weight or self.volatility_weight:
            raise ValueError("only equal weights are offered: equal_weight true, volatility_weight false")
        if self.max_positions * self.capital_per_position > 1.0 + 1e-9:
            raise ValueError("max_positions × capital_per_position is more than all the capital")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """What happens when a symbol's minute is missing."""

    max_forward_fills: Annotated[int, Ge(0), Doc("missing minutes after which a symbol's signal is missing")] = 5
    max_staleness_seconds: Annotated[float, Gt(0), Doc("age from which a prediction is invalid")] = 300.0
    min_fresh_frac: Annotated[Frac, Doc("share of symbols that must be fresh before anything is entered")] = 0.5
    history_size: Annotated[int, Ge(20), Doc("bars kept for the correlation filter")] = 500
    log_data_quality: Annotated[bool, Doc("missing minutes go into the session log")] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceTargets:
    """What the report compares with. Targets are labels, never promises."""

    target_mrd: Annotated[float, Doc("mean return per day, fraction")] = 0.005
    target_win_rate: Annotated[Frac, Doc("share of winning trades")] = 0.50
    target_sharpe: Annotated[float, Doc("of daily returns, annualised")] = 2.0
    max_drawdown: Annotated[Frac, Doc("intraday")] = 0.05
    min_trades_per_day: Annotated[int, Ge(0), Doc("fewer says little")] = 50
    max_trades_per_day: Annotated[int, Ge(1), Doc("more is churning")] = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationConfig:
    """The whole file `config/rotation_strategy.json`."""

    name: Annotated[str, Doc("printed on reports")] = "Rotation Strategy"
    description: Annotated[str, Doc("for people")] = ""
    version: Annotated[str, Doc("printed on reports")] = "2.0"
    symbols: SymbolsConfig = field(default_factory=SymbolsConfig)
    oes_config: OesConfig = field(default_factory=OesConfig)
    signal_aggregator_config: SignalAggregatorConfig = field(default_factory=SignalAggregatorConfig)
    rotation_manager_config: RotationManagerConfig = field(default_factory=RotationManagerConfig)
    data_manager_config: DataConfig = field(default_factory=DataConfig)
    performance_targets: PerformanceTargets = field(default_factory=PerformanceTargets)
    notes: Annotated[Mapping[str, str], Doc("ignored")] = field(default_factory=dict)

    def boost(self, symbol: str) -> float:
        """Strength multiplier of `symbol`; the aggregator's table overrides the symbols' one."""
        return self.signal_aggregator_config.leverage_boosts.get(symbol, self.symbols.boost(symbol))
