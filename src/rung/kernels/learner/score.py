"""What the learner's past says about its next prediction: errors, confidence, probability."""

from __future__ import annotations

import math

from rung.kernels.compiled import Row, separate
from rung.kernels.learner import layout as at

_FEW_ERRORS = 20.0
_RAMP_SAMPLES = 200.0


@separate
def note_error(state: Row, params: Row, h: int, predicted: float, target: float) -> None:
    """Enter one matured prediction of horizon h into the error window and the skill ratio."""
    error = (target - predicted) * (target - predicted)
    product = predicted * target
    hit = 1.0 if product > 0.0 else (0.0 if product < 0.0 else 0.5)
    slot = int(state[at.MATURED + h]) % at.ERROR_WINDOW
    squares, hits = at.SQUARES + h * at.ERROR_WINDOW, at.HITS + h * at.ERROR_WINDOW
    state[at.WINDOW_SQUARES + h] += error - state[squares + slot]
    state[at.WINDOW_HITS + h] += hit - state[hits + slot]
    state[squares + slot], state[hits + slot] = error, hit
    if slot == at.ERROR_WINDOW - 1:
        _sum_anew(state, h, squares)
    decay = params[at.SKILL_DECAY]
    state[at.SKILL_ERROR + h] = decay * state[at.SKILL_ERROR + h] + error
    state[at.SKILL_TARGET + h] = decay * state[at.SKILL_TARGET + h] + target * target


@separate
def _sum_anew(state: Row, h: int, squares: int) -> None:
    """Once per round the running sum is replaced by the true one, so that an outlier leaves nothing behind."""
    total = 0.0
    for slot in range(at.ERROR_WINDOW):
        total += state[squares + slot]
    state[at.WINDOW_SQUARES + h] = total


@separate
def note_record(state: Row, params: Row, h: int, said: int) -> float:
    """Write RMSE, share of right directions and skill of horizon h into the results; answer its confidence."""
    matured = state[at.MATURED + h]
    n = min(matured, float(at.ERROR_WINDOW))
    rmse = math.sqrt(max(state[at.WINDOW_SQUARES + h], 0.0) / n) if n > 0.0 else 0.0
    direction = state[at.WINDOW_HITS + h] / n if n > 0.0 else 0.5
    variance = state[at.SKILL_TARGET + h]
    skill = state[at.SKILL_ERROR + h] / variance if variance > 0.0 else 1.0
    state[said + at.RMSE + h], state[said + at.DIRECTION + h], state[said + at.SKILL + h] = rmse, direction, skill
    if matured < _FEW_ERRORS:
        confidence = 0.1 + matured / _FEW_ERRORS * 0.2
    else:
        confidence = min(max(0.7 / (1.0 + 100.0 * rmse) + 0.3 * direction, 0.10), 0.95)
    if matured < _RAMP_SAMPLES:
        confidence *= 0.3 + 0.7 * matured / _RAMP_SAMPLES
    return confidence * math.exp(-params[at.SKILL_PENALTY] * (skill - 1.0)) if skill > 1.0 else confidence


@separate
def probability_of_rise(params: Row, prediction: float, rmse: float, band_position: float) -> float:
    """In [0.05, 0.95]. `band_position` is −1 at the lower Bollinger band, +1 at the upper one."""
    if params[at.IS_NORMAL] > 0.0:
        p = 0.5 * math.erfc(-prediction / (rmse * math.sqrt(2.0))) if rmse > 0.0 else 0.5
    else:
        p = 0.5 + 0.4 * math.tanh(50.0 * prediction)
    if p > 0.5:
        p += _band_push(params, 0.5 + 0.5 * band_position)
    elif p < 0.5:
        p -= _band_push(params, 0.5 - 0.5 * band_position)
    return min(max(p, 0.05), 0.95)


@separate
def _band_push(params: Row, depth: float) -> float:
    """`depth`: 0 at the band the model leans away from, 1 at the other one."""
    reach, factor = params[at.BAND_REACH], params[at.BAND_FACTOR]
    if not depth < reach:
        return 0.0
    push = factor * min(1.0 - depth / reach, 1.0)
    return push + 0.5 * factor if depth < 0.1 else push
