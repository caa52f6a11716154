"""The rotation's file: the source's own JSON loads as it is, nonsense does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from rung.config.load import load, loads
from rung.domain.errors import UserError
from rung.strategy.rotation.params import RotationConfig

CONFIG = Path(__file__).resolve().parents[4] / "config"

DOCUMENT = """
{
  "oes_config": {
    "ewrls_lambda": 0.98,           // Faster learning (5x vs 0.995)
    "initial_variance": 10.0,       // Lower initial uncertainty
    "regularization": 0.1,          // Stronger regularization
    "warmup_samples": 100           // 100 bars warmup
  },

  "signal_aggregator_config": {
    "min_confidence": 0.01,         // 1% minimum confidence
    "min_strength": 0.005           // 0.5% minimum strength
  },

  "rotation_manager_config": {
    "max_positions": 3,             // Hold top 3 signals
    "min_strength_to_enter": 0.008, // 0.8% to enter (hysteresis)
    "min_strength_to_exit": 0.004,  // 0.4% to exit
    "minimum_hold_bars": 5,         // 5-bar minimum hold (anti-churning)
    "rotation_cooldown_bars": 10,   // 10-bar cooldown after exit
    "profit_target_pct": 0.03,      // 3% profit target
    "stop_loss_pct": 0.015,         // 1.5% stop loss
    "eod_liquidation": true,        // Close all at 3:58 PM
    "eod_exit_time_minutes": 358    // 3:58 PM = minute 358 from 9:30 AM
  }
}
"""

REPOSITORY = """
{
  "name": "Multi-Symbol Rotation Strategy v2.0", "description": "text", "version": "2.0.1",
  "symbols": {"active": ["TQQQ", "SQQQ", "SPXL", "SDS", "UVXY", "SVIX"], "leverage_boosts": {"TQQQ": 1.5, "SVIX": 1.3}},
  "oes_config": {
    "ewrls_lambda": 0.98, "initial_variance": 10.0, "regularization": 0.1, "warmup_samples": 100,
    "prediction_horizons": [1, 5, 10], "horizon_weights": [0.3, 0.5, 0.2],
    "buy_threshold": 0.53, "sell_threshold": 0.47, "neutral_zone": 0.06,
    "enable_bb_amplification": true, "bb_period": 20, "bb_std_dev": 2.0,
    "bb_proximity_threshold": 0.30, "bb_amplification_factor": 0.10,
    "enable_threshold_calibration": true, "calibration_window": 200, "target_win_rate": 0.60, "threshold_step": 0.005,
    "enable_kelly_sizing": false, "kelly_fraction": 0.25, "max_position_size": 0.50
  },
  "signal_aggregator_config": {
    "min_probability": 0.51, "min_confidence": 0.01, "min_strength": 0.005,
    "enable_correlation_filter": false, "max_correlation": 0.85,
    "filter_stale_signals": true, "max_staleness_seconds": 120.0
  },
  "rotation_manager_config": {
    "max_positions": 3, "min_rank_to_hold": 5,
    "min_strength_to_enter": 0.008, "min_strength_to_hold": 0.006, "min_strength_to_exit": 0.004,
    "rotation_strength_delta": 0.15, "rotation_cooldown_bars": 10, "minimum_hold_bars": 5,
    "equal_weight": true, "volatility_weight": false, "capital_per_position": 0.33,
    "enable_profit_target": true, "profit_target_pct": 0.03, "enable_stop_loss": true, "stop_loss_pct": 0.015,
    "eod_liquidation": true, "eod_exit_time_minutes": 388
  },
  "data_manager_config": {
    "max_forward_fills": 5, "max_staleness_seconds": 300.0, "history_size": 500, "log_data_quality": true
  },
  "performance_targets": {"target_mrd": 0.005, "target_win_rate": 0.60, "target_sharpe": 2.0, "max_drawdown": 0.05},
  "notes": {"eod_liquidation": "text"}
}
"""


@pytest.mark.parametrize("text", [DOCUMENT, REPOSITORY], ids=["the document's snippet", "every key of its repository"])
def test_the_sources_json_loads_as_it_is(text: str) -> None:
    config = loads(text, RotationConfig, "rotation.json").value
    assert config.oes_config.ewrls_lambda == 0.98
    assert config.oes_config.ridge == RotationConfig().oes_config.ridge
    assert config.rotation_manager_config.stop_loss_pct == 0.015


def test_the_shipped_file_says_what_the_defaults_say() -> None:
    shipped = load(CONFIG / "rotation_strategy.json", RotationConfig).value
    default = RotationConfig()
    assert shipped.oes_config == default.oes_config
    assert shipped.signal_aggregator_config == default.signal_aggregator_config
    assert shipped.rotation_manager_config == default.rotation_manager_config
    assert shipped.data_manager_config == default.data_manager_config


def test_the_raw_preset_differs_only_in_the_learner() -> None:
    shipped = load(CONFIG / "rotation_strategy.json", RotationConfig).value
    raw = load(CONFIG / "rotation_source.json", RotationConfig).value
    assert raw.oes_config.ridge == 0.0
    assert raw.oes_config.probability_model == "tanh"
    assert raw.rotation_manager_config == shipped.rotation_manager_config


@pytest.mark.parametrize(
    ("text", "clue"),
    [
        ('{"rotation_manager_config": {"max_positions": 4}}', "more than all the capital"),
        ('{"rotation_manager_config": {"min_strength_to_exit": 0.1}}', "hysteresis"),
        ('{"rotation_manager_config": {"volatility_weight": true}}', "equal weights"),
        ('{"oes_config": {"enable_kelly_sizing": true}}', "not offered"),
        ('{"oes_config": {"prediction_horizons": [1, 2, 3]}}', "[1, 5, 10]"),
        ('{"oes_config": {"buy_threshold": 0.6}}', "neutral_zone"),
        ('{"symbols": {"active": ["TQQQ", "TQQQ"]}}', "twice"),
        ('{"symbols": {"active": []}}', "symbols.active"),
    ],
)
def test_contradictions_are_refused_in_one_sentence(text: str, clue: str) -> None:
    with pytest.raises(UserError, match=clue.replace("[", r"\[")):
        loads(text, RotationConfig, "rotation.json")
