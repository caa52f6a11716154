"""Any strategy, tested honestly: what was tried, what it would have earned, and whether luck explains it.

The door for a person's own files: `from rung.lab import Strategy, param, sma, backtest`. Names are imported when they
are used, so that a strategy file costs a running desk nothing it does not need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rung.lab.backtesting import backtest as backtest
    from rung.lab.bench import BacktestRequest as BacktestRequest
    from rung.lab.checking.report import CheckReport as CheckReport
    from rung.lab.cross_validating import CrossPlan as CrossPlan
    from rung.lab.cross_validating import CrossResult as CrossResult
    from rung.lab.lookahead import check as check
    from rung.lab.optimising import walk_forward as walk_forward
    from rung.lab.options import Options as Options
    from rung.lab.options import SweepOptions as SweepOptions
    from rung.lab.options import WalkOptions as WalkOptions
    from rung.lab.result import BacktestResult as BacktestResult
    from rung.lab.sweep_outcome import SweepResult as SweepResult
    from rung.lab.sweeping import sweep as sweep
    from rung.lab.tapes import invented_tapes as invented_tapes
    from rung.lab.walking import Plan as Plan
    from rung.lab.walking import WalkForwardResult as WalkForwardResult
    from rung.strategy.authoring import BookView as BookView
    from rung.strategy.authoring import Portfolio as Portfolio
    from rung.strategy.authoring import Strategy as Strategy
    from rung.strategy.authoring import SymbolView as SymbolView
    from rung.strategy.authoring import Wish as Wish
    from rung.strategy.indicators import atr as atr
    from rung.strategy.indicators import ema as ema
    from rung.strategy.indicators import highest as highest
    from rung.strategy.indicators import lag as lag
    from rung.strategy.indicators import lowest as lowest
    from rung.strategy.indicators import roc as roc
    from rung.strategy.indicators import rsi as rsi
    from rung.strategy.indicators import sma as sma
    from rung.strategy.indicators import std as std
    from rung.strategy.indicators import zscore as zscore
    from rung.strategy.named_features import feature as feature
    from rung.strategy.named_features import features as features
    from rung.strategy.parameters import param as param

__all__ = [
    "BacktestRequest",
    "BacktestResult",
    "BookView",
    "CheckReport",
    "CrossPlan",
    "CrossResult",
    "Options",
    "Plan",
    "Portfolio",
    "Strategy",
    "SweepOptions",
    "SweepResult",
    "SymbolView",
    "WalkForwardResult",
    "WalkOptions",
    "Wish",
    "atr",
    "backtest",
    "check",
    "ema",
    "feature",
    "features",
    "highest",
    "invented_tapes",
    "lag",
    "lowest",
    "param",
    "roc",
    "rsi",
    "sma",
    "std",
    "sweep",
    "walk_forward",
    "zscore",
]

_INDICATORS = ("atr", "ema", "highest", "lag", "lowest", "roc", "rsi", "sma", "std", "zscore")
_HOMES: dict[str, str] = {
    "BacktestRequest": "rung.lab.bench",
    "BacktestResult": "rung.lab.result",
    "CheckReport": "rung.lab.checking.report",
    "CrossPlan": "rung.lab.cross_validating",
    "CrossResult": "rung.lab.cross_validating",
    "Plan": "rung.lab.walking",
    "SweepResult": "rung.lab.sweep_outcome",
    "WalkForwardResult": "rung.lab.walking",
    "sweep": "rung.lab.sweeping",
    "backtest": "rung.lab.backtesting",
    "check": "rung.lab.lookahead",
    "invented_tapes": "rung.lab.tapes",
    "feature": "rung.strategy.named_features",
    "features": "rung.strategy.named_features",
    "param": "rung.strategy.parameters",
    "walk_forward": "rung.lab.optimising",
    **dict.fromkeys(("Options", "SweepOptions", "WalkOptions"), "rung.lab.options"),
    **dict.fromkeys(("BookView", "Portfolio", "Strategy", "SymbolView", "Wish"), "rung.strategy.authoring"),
    **dict.fromkeys(_INDICATORS, "rung.strategy.indicators"),
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"rung.lab has no {name!r}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
