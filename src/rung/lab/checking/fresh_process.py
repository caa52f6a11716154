"""`python -m rung.lab.checking.fresh_process`: a request as JSON on stdin, the fingerprint of its run on stdout."""

from __future__ import annotations

import json
import sys

from rung.domain.errors import UserError
from rung.lab.bench import BacktestRequest, prepare
from rung.lab.checking.runs import runner_for
from rung.lab.checking.steadiness import fingerprint


def main() -> int:
    """0 and the fingerprint, 2 and what the person must change."""
    asked = json.load(sys.stdin)
    asked["symbols"] = tuple(asked["symbols"])
    try:
        bench = prepare(BacktestRequest(**asked))
        with runner_for(bench, None, None) as runner:
            sys.stdout.write(fingerprint(runner.truth()) + "\n")
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
