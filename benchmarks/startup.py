"""How long until something is on the screen (budget B7): `rung --help`, and a year's backtest in a fresh process.

    python -m benchmarks.startup [--bars 525600] [--rounds 3] [--seldom] [--json]

Wall time of whole processes, interleaved rounds, medians, beside a bare interpreter and one that imports numpy; file
cache and compiled kernels warm. The backtests are Work 1 with stops (see work1.py; --seldom: the one that hardly
trades), bars from one .npy file: compiled twin, streamed run, truth engine. SYNTHETIC bars.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "benchmarks" / "peers"
HELP = ("-m", "rung.apps.cli.main", "--help")
BUDGET_HELP_S, BUDGET_YEAR_S = 0.13, 1.5
HEAVY = ("numpy", "polars", "numba", "ccxt", "pandas", "scipy", "typer", "rich", "pydantic", "msgspec", "asyncio")
LIST_MODULES = (
    "import sys; before = set(sys.modules); import runpy, contextlib, io; sys.argv = ['rung', '--help']\n"
    "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
    "    runpy.run_module('rung.apps.cli.main', run_name='__main__')\n"
    "print(*sorted(set(sys.modules) - before))"
)


def commands(folder: Path, bars: int) -> dict[str, tuple[str, ...]]:
    """What is started, after the interpreter's own name."""
    year = str(folder / "year.npy")
    subprocess.run([sys.executable, str(SCRIPTS / "path.py"), year, "--bars", str(bars)], check=True)
    return {
        "bare python": ("-c", "pass"),
        "python, numpy imported": ("-c", "import numpy"),
        "rung --help": HELP,
        "rung --version": (*HELP[:-1], "--version"),
        "rung backtest --help": (*HELP[:-1], "backtest", "--help"),
        f"{bars:,} bars, compiled twin": (str(SCRIPTS / "rung_kernel.py"), year, "--stops", "--once"),
        f"{bars:,} bars, streamed": (str(SCRIPTS / "rung_streamed.py"), year, "--stops"),
        f"{bars:,} bars, truth engine": (str(SCRIPTS / "rung_truth.py"), year, "--stops"),
    }


def measure(work: dict[str, tuple[str, ...]], rounds: int) -> dict[str, float]:
    """Median wall seconds. Every command runs once before, so that caches are warm; the last one, long, does not."""
    taken: dict[str, list[float]] = {name: [] for name in work}
    for number in range(rounds + 1):
        for name, words in work.items():
            if number == 0 and "truth" in name:
                continue
            started = time.perf_counter()
            subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
            if number:
                taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in taken.items()}


def modules_of_help() -> list[str]:
    """What `rung --help` imports beyond what the interpreter has when it starts."""
    done = subprocess.run([sys.executable, "-c", LIST_MODULES], check=True, capture_output=True, text=True)
    return done.stdout.split()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bars", type=int, default=525_600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seldom", action="store_true")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if given.seldom:
        os.environ["RUNG_WORK"] = "seldom"
    with tempfile.TemporaryDirectory() as name:
        found = measure(commands(Path(name), given.bars), given.rounds)
    modules = modules_of_help()
    tops = sorted({module.split(".")[0] for module in modules})
    heavy = [top for top in tops if top in HEAVY]
    if given.json:
        print(json.dumps({"seconds": found, "modules_of_help": modules, "heavy": heavy}, indent=2))
        return 0
    for label, seconds in found.items():
        print(f"{label:<34}{seconds * 1e3:>10,.0f} ms")
    ours = [module for module in modules if module.split(".")[0] == "rung"]
    print(f"\n`rung --help` imports {len(modules)} modules, {len(ours)} of them ours: {' '.join(ours)}")
    print(f"the others, by package: {' '.join(top for top in tops if top != 'rung')}")
    print(f"of the heavy ones ({' '.join(HEAVY)}): {' '.join(heavy) or 'none'}")
    kept = {True: "kept", False: "NOT kept"}
    print(f"\nB7 `rung --help` at most {BUDGET_HELP_S} s: {kept[found['rung --help'] <= BUDGET_HELP_S and not heavy]}")
    for label in found:
        if "bars" in label:
            print(f"B7 {label} at most {BUDGET_YEAR_S} s: {kept[found[label] <= BUDGET_YEAR_S]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
