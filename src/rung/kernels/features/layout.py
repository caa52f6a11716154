"""Where one symbol's memory lives: offsets into its flat float64 row. Plain Python; numba freezes the numbers.

Everything inside [PRICE_START, PRICE_STOP), and the price columns of the panels, is multiplied by
open_today / close_yesterday at the open, so that no window ever contains the overnight gap.

The panels hold power-of-two partial sums: level b of a column is the sum of its last b values, made by adding two
values of the level below. A window of 20 is then a block of 4 plus the block of 16 four bars ago: additions only,
so a sum neither drifts nor keeps the rounding of a spike that has left the window. The extremes do the same with
max.
"""

from __future__ import annotations


class _Row:
    """Hands out consecutive offsets."""

    def __init__(self) -> None:
        self.size = 0

    def take(self, n: int = 1) -> int:
        start = self.size
        self.size += n
        return start


_row = _Row()

# --- what is not a price -------------------------------------------------------------------------------------
RETURNS = _row.take(8)
RETURN_SQUARES_60 = _row.take(8)
SCORES = _row.take(512)  # return ÷ its 20-bar RMS

SCALARS_START = _row.size
N_BARS = _row.take()  # bars taken so far; the ring positions follow from it
AWAITS_OPEN = _row.take()  # 1 when the session's first bar was unusable: the next one opens the session
GAP = _row.take()
PREVIOUS_VOLUME = _row.take()

DAY_CLOCK = _row.take(2)  # weekday, day of month ...
DAY_WAVES = _row.take(4)  # ... and their sines and cosines

SESSION_OPEN = _row.take()  # session prices are today's: reset, never rescaled
SESSION_HIGH = _row.take()
SESSION_LOW = _row.take()
SESSION_BARS = _row.take()
SESSION_VOLUME = _row.take()
SESSION_TILT = _row.take()  # Σ volume · (typical price / session open − 1)
SESSION_TILT_SQUARED = _row.take()
RANGE_HIGH = _row.take()  # opening range
RANGE_LOW = _row.take()

EWMA_VARIANCE = _row.take()
ADX = _row.take()
STOCHASTICS = _row.take(2)  # the two previous %K
FLOW_LAGS = _row.take(2)  # accumulation line minus its EMA(3), EMA(10)
FORCE = _row.take(2)  # EMA(13) of return · volume, of volume
ENTROPY_COUNTS = _row.take(5)

# --- prices --------------------------------------------------------------------------------------------------
PRICE_START = _row.size
MACD_SIGNAL = _row.take()
GAINS = _row.take(3)  # Wilder averages, spans of RSI_SPANS
LOSSES = _row.take(3)
ATRS = _row.take(3)  # spans of ATR_SPANS
DIRECTION_UP = _row.take()
DIRECTION_DOWN = _row.take()

LEVELS_START = _row.size  # prices proper: before the first bar they stand at its open
PREVIOUS_OPEN = _row.take()
PREVIOUS_HIGH = _row.take()
PREVIOUS_LOW = _row.take()
PREVIOUS_CLOSE = _row.take()
OLDER_OPEN = _row.take()  # two bars ago
OLDER_CLOSE = _row.take()
EMAS = _row.take(8)  # spans of EMA_SPANS
DEMA_OUTER = _row.take()
TRIX_EMAS = _row.take(3)
KAMA = _row.take()
SCALARS_STOP = _row.size
CLOSES = _row.take(256)
TYPICALS = _row.take(64)  # two copies of 32, so that the last 20 lie side by side
LEVELS_STOP = _row.size
PRICE_STOP = _row.size

# --- panels: rings of rows, as many rows as the window offsets need --------------------------------------------
# `n & RING_8` is bar n's row in a ring of eight. (Named, because numba compiles once more for every literal argument.)
RING_2, RING_4, RING_8, RING_16, RING_32, RING_64, RING_128 = (rows - 1 for rows in (2, 4, 8, 16, 32, 64, 128))

# short panel; the first columns need no block longer than 8 bars, the last ones need 32
(
    EASE,
    MONEY,
    ABS_MONEY,
    TYPICAL,
    ABS_CHANGE,
    BUYING,
    TRUE_RANGE,
    CLOSE_VOLUME,
    RETURN,
    RETURN_CUBE,
    RETURN_FOURTH,
    RETURN_VOLUME,
    VOLUME_SQUARE,
    FLOW,
    LOG_RANGE,
    LOG_BODY,
    RETURN_LAG_1,
    RETURN_LAG_5,
    VOLUME,
    SIGNED_VOLUME,
) = range(20)
SHORT_WIDTH = 20
SHORT_PRICES = (MONEY, CLOSE_VOLUME + 1)  # these columns are prices
SHORT_START = _row.size
SHORT_1 = _row.take(2 * SHORT_WIDTH)
SHORT_2 = _row.take(4 * SHORT_WIDTH)
SHORT_4 = _row.take(8 * SHORT_WIDTH)
SHORT_8 = _row.take(16 * SHORT_WIDTH)
SHORT_16 = _row.take(32 * SHORT_WIDTH)
SHORT_32 = _row.take(32 * SHORT_WIDTH)
SHORT_ROWS = (_row.size - SHORT_START) // SHORT_WIDTH

# long panel; only the close needs blocks of 128
CLOSE, RETURN_SQUARE, STRIDE_SQUARE = range(3)
LONG_WIDTH = 3
LONG_START = _row.size
LONG_1 = _row.take(2 * LONG_WIDTH)
LONG_2 = _row.take(4 * LONG_WIDTH)
LONG_4 = _row.take(8 * LONG_WIDTH)
LONG_8 = _row.take(16 * LONG_WIDTH)
LONG_16 = _row.take(32 * LONG_WIDTH)
LONG_32 = _row.take(64 * LONG_WIDTH)
LONG_64 = _row.take(128 * LONG_WIDTH)
LONG_128 = _row.take(128 * LONG_WIDTH)
LONG_ROWS = (_row.size - LONG_START) // LONG_WIDTH

# sliding extremes of the high and of −low: the value, and the number of the latest bar that had it
HIGH, LOW = 0, 2
EXTREME_WIDTH = 4
EXTREMES_1 = _row.take(32 * EXTREME_WIDTH)
EXTREMES_2 = _row.take(32 * EXTREME_WIDTH)
EXTREMES_4 = _row.take(32 * EXTREME_WIDTH)
EXTREMES_8 = _row.take(32 * EXTREME_WIDTH)
EXTREMES_16 = _row.take(32 * EXTREME_WIDTH)
EXTREME_ROWS = 5 * 32

# spread and tilt of the closes: columns Σ(c − mean)² and Σ(age − mean age)(c − mean)
SPREAD, TILT = range(2)
SHAPE_WIDTH = 2
SHAPE_START = _row.size
SHAPE_2 = _row.take(4 * SHAPE_WIDTH)
SHAPE_4 = _row.take(8 * SHAPE_WIDTH)
SHAPE_8 = _row.take(16 * SHAPE_WIDTH)
SHAPE_16 = _row.take(32 * SHAPE_WIDTH)
SHAPE_32 = _row.take(32 * SHAPE_WIDTH)
SHAPE_ROWS = (_row.size - SHAPE_START) // SHAPE_WIDTH

STATE_SIZE = _row.size

EMA_SPANS = (5, 10, 20, 50, 100, 200, 12, 26)
RSI_SPANS = (7, 14, 21)
ATR_SPANS = (10, 14, 20)
