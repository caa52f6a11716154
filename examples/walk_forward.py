"""Choose parameters on past days, trade the next ones, and read what that was worth. Synthetic bars, no evidence.

./rung python examples/walk_forward.py
"""

import datetime as dt

from rung.lab import CrossPlan, Plan, invented_tapes, walk_forward


def main():
    asked = {
        "data": invented_tapes(days=8),  # or data="DIR", symbols="BTCUSDT"
        "start": dt.date(2025, 3, 1),  # or "2025-03-01"
    }
    grid = {"period": [120, 720], "band": "0.002,0.005"}

    walked = walk_forward("crossover", grid, Plan(train_days=4, test_days=2, select="return"), **asked)
    print(walked)
    print(walked.windows.select("window", "train_from", "test_from", "period", "band", "trades"))
    print(walked.days.head(3))

    crossed = walk_forward("crossover", grid, CrossPlan(groups=4, test_groups=2, select="return"), **asked)
    print(crossed.path_frame.columns, crossed.frame.height)


if __name__ == "__main__":
    main()
