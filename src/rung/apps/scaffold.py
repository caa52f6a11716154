"""`rung strategies new`: a strategy file that runs and a test that passes."""

from __future__ import annotations

import re
from pathlib import Path

from rung.domain.errors import UserError

_STRATEGY = '''"""{title}: say here what it does, why that should earn more than it costs, and when it fails.

rung backtest {file} --symbol BTCUSDT --from 2025-05-10 --to 2025-06-08
"""

from rung.lab import Strategy, param, sma


class {cls}(Strategy):
    """Long above the mean of the last hour, short below it, flat in between."""

    period = param(60, low=2, high=500)
    band = param(0.001, low=0.0, high=0.05)

    def start(self):
        self.mean = sma(self.period)

    def decide(self, view):
        close, mean = view.bar.close, self.mean(view.bar.close)
        if close > mean * (1 + self.band):
            return self.long("above the mean", stop=0.02)
        if close < mean * (1 - self.band):
            return self.short("below the mean", stop=0.02)
        return self.flat("inside the band")
'''
_TEST = '''"""What {cls} must do on an invented market. It shows that the code runs, never that it earns."""

from pathlib import Path

from rung.lab import backtest, invented_tapes

STRATEGY = Path(__file__).with_name("{file}")


def test_it_trades_and_every_position_has_a_stop():
    result = backtest(STRATEGY, data=invented_tapes(days=3))
    assert result.figures.trades > 0
    assert result.figures.refused_orders == 0


def test_the_same_market_gives_the_same_trades():
    first, second = (backtest(STRATEGY, data=invented_tapes(days=2)) for _ in range(2))
    assert first.trades.equals(second.trades)


def test_what_happens_later_changes_nothing_before():
    short, long = (backtest(STRATEGY, data=invented_tapes(days=days)) for days in (2, 3))
    assert long.equity.head(len(short.equity)).equals(short.equity)
'''


def scaffold(name: str, folder: Path) -> tuple[Path, Path]:
    """Write NAME.py and test_NAME.py into `folder`. Raises UserError for a bad name and rather than overwrite."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UserError(f"{name!r} cannot be a file's name", remedy="use small letters, digits and _: my_strategy")
    file = f"{name}.py"
    words = {"title": name.replace("_", " ").capitalize(), "file": file, "cls": name.title().replace("_", "")}
    paths = folder / file, folder / f"test_{name}.py"
    for path in paths:
        if path.exists():
            raise UserError("is already there", where=str(path), remedy="choose another name")
    if not folder.is_dir():
        raise UserError("there is no such folder", where=str(folder), remedy="make it, or leave --folder out")
    for path, text in zip(paths, (_STRATEGY, _TEST), strict=True):
        path.write_text(text.format(**words), encoding="utf-8")
    return paths
