"""Files into frozen, validated values with ids.

jsonc.py     JSON with comments → values and where each stands
document.py  a file's text, JSON or TOML → the same
schema.py    a stage's dataclass → its keys, types, bounds, defaults, in words
tidy.py      a document against a schema: unknown keys, notes, numbers that are none
identity.py  a value → its id
load.py      the one door: a path and a dataclass → Loaded
"""

from rung.config.identity import content_id
from rung.config.load import Loaded, load, loads
from rung.config.schema import Row, describe

__all__ = ["Loaded", "Row", "content_id", "describe", "load", "loads"]
