"""Every number the learner can be told. Standard library only: importing this costs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from annotated_doc import Doc
from annotated_types import Ge, Gt, Le, Lt

HORIZONS = (1, 5, 10)
"""Minutes of the session clock ahead; the compiled learner has exactly these."""

N_WEIGHTS = 127
"""126 standardised features and the intercept."""

Frac = Annotated[float, Ge(0), Le(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerParams:
    """One symbol's learner. Names follow `oes_config` of the rotation's configuration file.

    Each new sample minimises Σ λ^age·(y − x·w)² plus a shrinkage of w towards zero, worth `ridge` samples per weight.
    """

    ewrls_lambda: Annotated[float, Gt(0.9), Le(1), Doc("forgetting factor per sample; memory ≈ 1/(1−λ) samples")] = 0.98
    initial_variance: Annotated[float, Gt(0), Doc("covariance diagonal before the first sample")] = 10.0
    regularization: Annotated[
        float,
        Ge(0),
        Doc("information added to each weight per 100 samples (the source's fix #2, on the side that works)"),
    ] = 0.1
    ridge: Annotated[float, Ge(0), Doc("steady shrinkage towards zero, in effective samples per weight")] = 30_000.0
    warmup_samples: Annotated[
        int, Ge(0), Le(100_000), Doc("samples learned by every horizon before a prediction counts")
    ] = 100
    horizon_weights: Annotated[tuple[Frac, Frac, Frac], Doc("weight of horizons 1, 5, 10 in the ensemble")] = (
        0.3,
        0.5,
        0.2,
    )
    skill_penalty: Annotated[float, Ge(0), Doc("confidence × exp(−penalty·max(0, MSE/variance − 1))")] = 10.0
    skill_memory_samples: Annotated[float, Gt(1), Doc("memory of MSE and variance in that ratio, samples")] = 1000.0
    scale_memory_bars: Annotated[float, Gt(1), Doc("memory of the features' mean and variance, bars")] = 2000.0
    score_clip: Annotated[
        float, Gt(0), Le(100), Doc("bound of a standardised feature: a false print weighs no more")
    ] = 5.0
    probability_model: Annotated[
        str, Doc("`normal`: Φ(prediction/RMSE), a real probability; `tanh`: the source's 0.5+0.4·tanh(50·prediction)")
    ] = "normal"
    enable_bb_amplification: Annotated[bool, Doc("lean further towards a touched Bollinger band")] = True
    bb_proximity_threshold: Annotated[float, Gt(0), Lt(0.5), Doc("outer part of the band in which it acts")] = 0.30
    bb_amplification_factor: Annotated[
        float, Ge(0), Le(0.25), Doc("largest addition, half as much again in the outer 10 %")
    ] = 0.10

    def __post_init__(self) -> None:
        if self.probability_model not in ("normal", "tanh"):
            raise ValueError("probability_model is either 'normal' or 'tanh'")
        if len(self.horizon_weights) != len(HORIZONS) or abs(sum(self.horizon_weights) - 1.0) > 1e-9:
            raise ValueError("horizon_weights needs three numbers that sum to 1")
        if self.ewrls_lambda < 1.0 and self.leak <= 0.0:
            raise ValueError("λ < 1 without ridge or regularization: the covariance would grow without bound")

    @property
    def leak(self) -> float:
        """Information given to one weight at each sample, all weights in turn."""
        return N_WEIGHTS * ((1.0 - self.ewrls_lambda) * self.ridge + self.regularization / 100.0)

    @property
    def covariance_bound(self) -> float:
        """No diagonal entry of the covariance ever exceeds this, whatever the features are."""
        if self.ewrls_lambda == 1.0:
            return 1.0 / (1.0 / self.initial_variance + self.ridge)
        fade = self.ewrls_lambda**N_WEIGHTS
        return (1.0 - fade) / (self.leak * fade)


SOURCE = LearnerParams(ridge=0.0, probability_model="tanh")
"""The source's raw setting: no ridge. For comparison; its skill ratio is far above 1 (docs/concepts/learner.md)."""
