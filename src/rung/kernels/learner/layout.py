"""Where one symbol's learner lives: offsets into its flat float64 row, of its parameters and of its results.

Plain Python; numba freezes the numbers. Vectors are 128 long (127 weights and one that stays 0) and start at
multiples of eight elements, so that they are cache-line aligned when the row is.
"""

from __future__ import annotations

from rung.kernels.learner.params import HORIZONS, N_WEIGHTS

N_FEATURES = N_WEIGHTS - 1
INTERCEPT = N_FEATURES
WIDTH = 128
BLOCK = 8  # rows of the covariance that share a first column
TILE = 4  # rows updated together
N_HORIZONS = len(HORIZONS)
LONGEST = max(HORIZONS)
N_PENDING = LONGEST + 1  # ring of samples whose targets have not all matured
ERROR_WINDOW = 100
COVARIANCE_SIZE = sum(BLOCK * (WIDTH - start) for start in range(0, WIDTH, BLOCK))


class _Row:
    """Hands out consecutive offsets."""

    def __init__(self) -> None:
        self.size = 0

    def take(self, n: int = 1) -> int:
        start = self.size
        self.size += n
        return start

    def align(self) -> None:
        self.size += -self.size % 8


_row = _Row()

SESSION = _row.take()  # ordinal of the newest slice's session, −1 before the first
AWAITS_BAR = _row.take()  # 1 until the session's first bar
CLOSE = _row.take()  # last known close
APPENDED = _row.take()  # samples taken into the covariance
MATURED = _row.take(N_HORIZONS)  # samples whose target has been learned, per horizon
SCALE = _row.take()  # the covariance is this × (the stored matrix − the pending downdates)
PEAK = _row.take()  # largest covariance diagonal seen in this round of leaks ...
PEAK_BEFORE = _row.take()  # ... and in the round before
FLOOR = _row.take()  # the same for the smallest
FLOOR_BEFORE = _row.take()
SKILL_ERROR = _row.take(N_HORIZONS)  # exponentially weighted Σ(y − ŷ)² and Σy²
SKILL_TARGET = _row.take(N_HORIZONS)
WINDOW_SQUARES = _row.take(N_HORIZONS)  # sums over the error window
WINDOW_HITS = _row.take(N_HORIZONS)
_row.align()
SQUARES = _row.take(N_HORIZONS * ERROR_WINDOW)  # rings: squared errors, direction right (1), wrong (0), undecided (½)
HITS = _row.take(N_HORIZONS * ERROR_WINDOW)
_row.align()
SAID = _row.take(24)  # the newest results, repeated while the symbol is silent
SEEN = _row.take(WIDTH)  # bars since a feature first differed from 0
MEAN = _row.take(WIDTH)
VARIANCE = _row.take(WIDTH)
X = _row.take(WIDTH)  # the bar's standardised features, intercept 1, pad 0
PX = _row.take(WIDTH)  # P·x
PENDING_X = _row.take(WIDTH)  # the two rank-1 downdates the covariance still lacks: the last sample's ...
PENDING_LEAK = _row.take(WIDTH)  # ... and its leak's
WEIGHTS = _row.take(N_HORIZONS * WIDTH)
COVARIANCE = _row.take(COVARIANCE_SIZE)
RING = _row.size
# one pending sample
SAMPLE_X = 0
SAMPLE_GAIN = WIDTH
SAMPLE_LEAK_GAIN = 2 * WIDTH
SAMPLE_MINUTE = 3 * WIDTH
SAMPLE_CLOSE = SAMPLE_MINUTE + 1
SAMPLE_LEAK_INDEX = SAMPLE_CLOSE + 1
SAMPLE_PREDICTIONS = SAMPLE_LEAK_INDEX + 1
SAMPLE_SIZE = 3 * WIDTH + 8
_row.take(N_PENDING * SAMPLE_SIZE)

STATE_SIZE = _row.size

_params = _Row()
LAMBDA = _params.take()
LEAK = _params.take()
WARMUP = _params.take()
HORIZON_WEIGHTS = _params.take(N_HORIZONS)
SKILL_PENALTY = _params.take()
SKILL_DECAY = _params.take()
SCALE_RATE = _params.take()
SCORE_CLIP = _params.take()
IS_NORMAL = _params.take()
BAND_REACH = _params.take()
BAND_FACTOR = _params.take()  # 0: off
PARAMS_SIZE = _params.size

_out = _Row()
PREDICTION = _out.take(N_HORIZONS)  # forward simple return over 1, 5, 10 minutes
ENSEMBLE = _out.take()  # their confidence-weighted mean
PROBABILITY = _out.take()  # of a rise
CONFIDENCE = _out.take()  # in [0, 0.95]
RMSE = _out.take(N_HORIZONS)  # over the last 100 matured predictions, per horizon
DIRECTION = _out.take(N_HORIZONS)  # share of them with the right sign
SKILL = _out.take(N_HORIZONS)  # out-of-sample MSE ÷ mean square target: 1 = predicting zero
COVARIANCE_MAX = _out.take()  # largest and smallest diagonal entry within the last round of leaks:
COVARIANCE_MIN = _out.take()  # their ratio stands for the condition
SAMPLES = _out.take()  # learned by every horizon
VALID = _out.take()  # 1: warmed up, and a bar has been seen in this session
FRESH = _out.take()  # 1: the prediction is this slice's own; 0: the last one repeated
N_OUT = _out.size
