"""What a report must know about a run that its Steps do not say."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from annotated_doc import Doc
from annotated_types import Ge, Gt, Le

Fraction = Annotated[float, Ge(0), Le(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """The stated targets a run is held against. They are labels of the source document, never promises."""

    min_mrd_frac: Annotated[float, Doc("mean return per day, fraction")] = 0.005
    min_win_rate_frac: Annotated[Fraction, Doc("share of closed trades that won after costs")] = 0.50
    max_drawdown_frac: Annotated[Fraction, Doc("largest fall within a session, fraction of its peak")] = 0.05
    min_trades_per_day: Annotated[float, Ge(0), Doc("closed trades per session, lower bound")] = 50.0
    max_trades_per_day: Annotated[float, Gt(0), Doc("closed trades per session, upper bound (churning)")] = 200.0
    min_days: Annotated[int, Ge(1), Doc("sessions without which no run is called ready")] = 10

    def __post_init__(self) -> None:
        if self.min_trades_per_day > self.max_trades_per_day:
            raise ValueError("min_trades_per_day is above max_trades_per_day")


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeInfo:
    """One tape a run read, and every doubt the checks have about it."""

    symbol: str
    tape_id: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedCost:
    """One assumption about costs, as a name and a value with its unit."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillRow:
    """Out-of-sample skill of the learner for one symbol and horizon.

    mse_ratio : mean squared error ÷ variance of the target; 1 is what "predict zero" scores, below 1 is skill.
    hit_rate_frac : share of right directions, None when not measured.
    """

    symbol: str
    horizon_bars: int
    samples: int
    mse_ratio: float
    hit_rate_frac: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The same rules on inputs without information: one total return (fraction) per repetition."""

    name: str
    total_returns_frac: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """Identity and circumstances of one run.

    mode : the verb that made it.   capital_quote : equity before the first slice.   config_id, code_version : content
    hashes or versions.   synthetic : the tapes are invented.   warnings : anything that weakens the result.
    time_zone : IANA name of the clock people read the session by.   command : what repeats the run.
    `skill` and `baselines` are known only afterwards: add them with `dataclasses.replace`.
    """

    strategy_name: str
    strategy_version: str
    symbols: tuple[str, ...]
    capital_quote: Decimal
    config_id: str
    code_version: str
    seed: int
    synthetic: bool
    mode: str = "mock"
    currency: str = "USD"
    time_zone: str = "America/New_York"
    command: str = ""
    warm_up_sessions: int = 0
    tapes: tuple[TapeInfo, ...] = ()
    warnings: tuple[str, ...] = ()
    costs: tuple[StampedCost, ...] = ()
    skill: tuple[SkillRow, ...] = ()
    baselines: tuple[Baseline, ...] = ()
    criteria: Criteria = Criteria()

    @property
    def strategy(self) -> str:
        return f"{self.strategy_name} {self.strategy_version}".strip()

    @property
    def all_warnings(self) -> tuple[str, ...]:
        """The run's own warnings, then each tape's, prefixed with its symbol."""
        return (*self.warnings, *(f"{t.symbol}: {w}" for t in self.tapes for w in t.warnings))
