"""Where a book's state, its rules and the log of its fills live: rows of small float64 tables.

Plain Python; numba freezes the numbers. Whole numbers are kept as float64 and are exact below 2⁵³. A book is one
row: one symbol, or one combination of a sweep.
"""

from __future__ import annotations

from itertools import count

_state = count()
BOOK = next(_state)  # its number
CASH = next(_state)  # money units
CASH_QUOTE = next(_state)  # the same in quote currency
HELD = next(_state)  # lots, signed
HELD_BASE = next(_state)  # the same in base units
COST = next(_state)  # money units paid for what is held, ≥ 0
REDUCING = next(_state)  # lots the working exit still has to close
OPENING = next(_state)  # lots, signed, the working opening still has to buy or sell
STOPPING = next(_state)  # lots a triggered stop still has to close
STOP_WHY = next(_state)  # which stop was triggered: STOPPED or TRAILED
SENT_IN = next(_state)  # session the opening was sent in
ASKED = next(_state)  # direction last asked for
STOP = next(_state)  # ticks, NaN: none
TRAIL = next(_state)  # ticks, NaN: none
TARGET = next(_state)  # ticks, NaN: none
FLOOR = next(_state)  # a bar strictly between these two prices touches nothing
CEILING = next(_state)
OPENED_AT = next(_state)  # bar of the newest opening fill: the target acts after it
OPEN_TRAIL = next(_state)  # distance of the trailing stop the working opening was sent with, quote; NaN: none
BEST = next(_state)  # most favourable close since the position was opened
STOP_FRAC = next(_state)  # of the average entry price, NaN: none
TAKE_FRAC = next(_state)
TRIP = next(_state)  # money units won or lost since last flat, all costs in
PEAK = next(_state)  # highest equity
TROUGH = next(_state)  # lowest since then
WORST = next(_state)  # lowest equity ÷ peak: 1 − the largest drawdown
DAY_START = next(_state)  # equity at the last close of the day before
DAYS = next(_state)
RETURNS = next(_state)  # sums over days of the simple return and of its square
SQUARES = next(_state)
TRADES = next(_state)  # positions closed, and those of them that won
WINS = next(_state)
PROFIT = next(_state)  # money units, sums over winning and over losing trades
LOSS = next(_state)
FEES = next(_state)  # money units
FUNDING = next(_state)  # money units paid
UPPER = next(_state)  # 1 + band and 1 − band of a crossover
LOWER = next(_state)
N_STATE = next(_state)

_rules = count()
STEP_PRICE = next(_rules)  # price steps in one quote unit, as numerator and denominator
STEP_NUM = next(_rules)
STEP_DEN = next(_rules)
TICK_STEPS = next(_rules)  # price steps in a tick
LOT = next(_rules)  # base units
UNIT = next(_rules)  # quote currency in a money unit
STEP_UNITS = next(_rules)  # money units of one lot × one price step
TICK_UNITS = next(_rules)  # money units of one lot × one tick
FEE_UNITS = next(_rules)  # money units in a fee step of 1e-8
TAKER = next(_rules)  # fee steps per lot × price step
MAKER = next(_rules)
HALF_SPREAD = next(_rules)  # fraction
LEAST_SPREAD = next(_rules)  # quote currency
SLIPPAGE = next(_rules)  # fraction
SHARE = next(_rules)  # lots per base unit of a bar's volume; inf: no cap
NOTIONAL = next(_rules)  # quote currency per entry; 0: a fraction of equity
EQUITY_FRAC = next(_rules)
LEAST_POSITION = next(_rules)
MOST_NOTIONAL = next(_rules)
FLIPS = next(_rules)
ON_CROSS = next(_rules)
TRAIL_ATR = next(_rules)  # multiple; 0: none
TRAIL_FRAC = next(_rules)  # of the best close; 0: none
CAPITAL = next(_rules)  # money units
OPENINGS_LAST = next(_rules)  # 1: what was not opened lives on when the session changes
N_RULES = next(_rules)

_fill = count()
FILL_BAR = next(_fill)
FILL_BOOK = next(_fill)
FILL_LOTS = next(_fill)  # signed
FILL_STEPS = next(_fill)  # price
FILL_FEE = next(_fill)  # money units
FILL_WHY = next(_fill)
FILL_HELD = next(_fill)  # lots held afterwards
N_FILL = next(_fill)

EXIT, ENTRY, STOPPED, TOOK_PROFIT, TRAILED = range(5)
"""Why a fill happened: an exit or an entry that was asked for, the stop, the profit target, the trailing stop."""

KEEP = -128
"""In an array of directions: nothing is decided on this bar."""
