"""Runs every benchmark of this folder, one after the other: `./rung bench`, or `./rung bench mock learner` for some."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    chosen = sys.argv[1:] or sorted(p.stem for p in HERE.glob("*.py") if not p.stem.startswith("_"))
    unknown = [name for name in chosen if not (HERE / f"{name}.py").is_file()]
    if unknown:
        print(f"there is no benchmark {unknown[0]}", file=sys.stderr)
        return 2
    codes = []
    for name in chosen:
        print(f"\n== {name}", flush=True)
        codes.append(subprocess.run([sys.executable, str(HERE / f"{name}.py")], check=False).returncode)
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
