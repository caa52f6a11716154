"""The key of the journal's chain, from the environment and from nowhere else."""

from __future__ import annotations

import os

from rung.domain.errors import UserError

KEY_VARIABLE = "RUNG_JOURNAL_KEY"
SHORTEST_KEY = 16


def journal_key() -> bytes | None:
    """The key of the chain from the environment, None when there is none. Never printed, never in a message."""
    text = os.environ.get(KEY_VARIABLE, "")
    if not text:
        return None
    if len(text) < SHORTEST_KEY:
        raise UserError(
            f"the key is shorter than {SHORTEST_KEY} characters", where=KEY_VARIABLE, remedy="choose a longer one"
        )
    return text.encode()
