"""`rung demo`: synthetic days through the whole desk, without keys and without data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rung.apps.mock_request import WARM_UP_SESSIONS, MockRequest
from rung.apps.places import COSTS_FILE, LIMITS_FILE, ROTATION_FILE, config_file

REPLAYED_DAYS = 3
FIRST_DATE = "2025-03-03"


def demo(
    out: Annotated[Path, typer.Option(help="where data, session files and reports go")] = Path("logs/demo"),
    seed: Annotated[int, typer.Option(min=0, help="seed of the invented market")] = 7,
) -> None:
    """Invent seven trading days of six leveraged ETFs, learn on four, replay three. Labelled SYNTHETIC throughout."""
    from rung.apps.cli.mock import run_and_report
    from rung.apps.demo import synthetic_tapes

    data_dir = out / "tapes"
    sessions = synthetic_tapes(data_dir, FIRST_DATE, WARM_UP_SESSIONS + REPLAYED_DAYS, seed)
    request = MockRequest(
        start=sessions[WARM_UP_SESSIONS],
        end=sessions[-1],
        data_dir=data_dir,
        out_dir=out,
        config_path=config_file(ROTATION_FILE),
        costs_path=config_file(COSTS_FILE),
        limits_paths=(config_file(LIMITS_FILE),),
        seed=seed,
    )
    run_and_report(request, as_json=False)
