"""The tuned rotation as a file `rung mock --config` loads, beside the one in use and never over it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rung.apps.code_id import code_id
from rung.apps.places import ROTATION_FILE, config_file
from rung.apps.rotation_subject import DEFAULT_GRID, rotation_run, tuned_document
from rung.apps.study_files import write_json
from rung.apps.subjects import Question
from rung.domain.errors import UserError
from rung.lab.tuning import TuneResult
from rung.reports.files import make_folder

TUNED_FILE = Path("config") / "optimized_params.json"


def question_for(question: Question) -> Question:
    """The question with the rotation's own grid, when none was given."""
    return question if question.grid else replace(question, grid=DEFAULT_GRID)


def refuse_live(question: Question) -> Path:
    """Where the tuned file goes. UserError when that is a file a desk may be using, by whatever name."""
    target, config = question.write or TUNED_FILE, question.config
    live = [config_file(ROTATION_FILE), Path("config") / ROTATION_FILE, *([config] if config else [])]
    same = target.resolve() in {path.resolve() for path in live}
    linked = target.exists() and any(path.exists() and path.samefile(target) for path in live)
    if same or linked or target.name == ROTATION_FILE:
        raise UserError(
            "is the file in use: tuning never overwrites it",
            where=str(target),
            remedy=f"write to {TUNED_FILE}, read it, and decide yourself",
        )
    if target.suffix != ".json":
        raise UserError("is no .json file", where=str(target), remedy=f"write to {TUNED_FILE}")
    return target


def write_tuned(question: Question, result: TuneResult) -> Path:
    """Write the whole rotation file with the winner's values. UserError when it cannot be written."""
    target = refuse_live(question)  # again: hours may have passed since it was asked
    box, run = result.box, rotation_run(question)
    notes = {
        "made_by": "rung tune rotation: a candidate, not in use until a person says so",
        "verdict": f"{' '.join(box.sentences)} {result.lead.sentence}",
        "tuned_on": [result.folds[0][0], result.folds[-1][1]],
        "held_out": list(result.holdout),
        "trials": len(result.tried),
        "trials_counted": result.trials,
        "looks_at_held_out": result.looks,
        "seed": result.plan.seed,
        "searched": dict(result.winner.values),
        "default_config_id": run.files().rotation.id,
        "code_id": code_id(),
    }
    make_folder(target.parent)
    return write_json(target, tuned_document(run, result.winner.values, notes))
