"""Limit files on disk → the limits that bind, each with the file it comes from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from rung.apps.places import LIMITS_FILE, config_file
from rung.config.document import parse_text, read_text
from rung.config.identity import plain
from rung.config.load import Loaded, load, loads
from rung.domain.errors import UserError
from rung.risk.global_risk import GlobalLimits
from rung.risk.limit_sets import CapitalProfile, OwnLimits, Profiles, QtsRisk, SafetyGate, UltraConservative
from rung.risk.limits import EffectiveLimits, effective_limits
from rung.risk.params import ScreenLimits
from rung.risk.policy import StrategyPolicy

PROFILES_FILE = "profiles.toml"
STRATEGIES_FILE = "risk/strategies.toml"
PROFILE = "profile "
_Schema = ScreenLimits | QtsRisk | UltraConservative | SafetyGate | GlobalLimits | OwnLimits
_LimitFile = _Schema | CapitalProfile
_SCHEMAS: tuple[type[_Schema], ...] = (ScreenLimits, QtsRisk, UltraConservative, SafetyGate, GlobalLimits, OwnLimits)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedLimits:
    """What binds, and the content id of every file it came from.

    profile : the capital profile among the sets.   policy : which strategies may trade at all.
    notes : what a person should know about the files.
    """

    effective: EffectiveLimits
    ids: Mapping[str, str]
    profile: str | None = None
    policy: StrategyPolicy = field(default_factory=StrategyPolicy)
    notes: tuple[str, ...] = ()
    recorded: tuple[Mapping[str, object], ...] = ()
    """Every set as plain values, for a journal: `limits_from_record` makes the same limits of it again."""


def load_limits(paths: Sequence[Path], profile: str | None, *, base: str = LIMITS_FILE) -> LoadedLimits:
    """Read every file, whichever kind it is, and the profile; the strictest of all binds. Raises UserError.

    The gates of every run are among them: those of `paths` where one is of that kind, else the shipped file `base`.
    """
    loaded = [_load_any(path) for path in paths]
    if not any(isinstance(each.value, ScreenLimits) for each in loaded):
        paths = (config_file(base), *paths)
        loaded = [_load_any(paths[0]), *loaded]
    names = _names(paths)
    values: list[tuple[str, _LimitFile]] = [(name, each.value) for each, name in zip(loaded, names, strict=True)]
    ids = {name: each.id for each, name in zip(loaded, names, strict=True)}
    if profile is not None:
        profiles = load_profiles()
        values.append((PROFILE + profile, profile_of(profiles, profile)))
        ids[PROFILES_FILE] = profiles.id
    policy = load(config_file(STRATEGIES_FILE), StrategyPolicy)
    bound = _bound(values, {**ids, STRATEGIES_FILE: policy.id}, profile, policy.value)
    silent = tuple(said for path, each in zip(paths, loaded, strict=True) for said in _unsaid(path, each))
    return replace(bound, notes=silent)


def limits_from_record(recorded: Sequence[Mapping[str, Any]], ids: Mapping[str, str]) -> LoadedLimits:
    """What `LoadedLimits.recorded` says, validated by today's schemas. Raises UserError when they do not know it."""
    kinds: dict[str, type[Any]] = {schema.__name__: schema for schema in (*_SCHEMAS, CapitalProfile, StrategyPolicy)}
    values: list[tuple[str, _LimitFile]] = []
    profile, policy = None, StrategyPolicy()
    for row in recorded:
        schema = kinds.get(row["kind"])
        if schema is None:
            raise UserError(f"the recorded limits are of a kind this Rung does not know: {row['kind']}")
        value = loads(json.dumps(row["values"]), schema, f"journal:{row['name']}.json").value
        if isinstance(value, StrategyPolicy):
            policy = value
            continue
        if isinstance(value, CapitalProfile):
            profile = row["name"].removeprefix(PROFILE)
        values.append((row["name"], value))
    return _bound(values, ids, profile, policy)


def _bound(
    values: Sequence[tuple[str, _LimitFile]], ids: Mapping[str, str], profile: str | None, policy: StrategyPolicy
) -> LoadedLimits:
    named: list[tuple[str, _LimitFile | StrategyPolicy]] = [*values, (STRATEGIES_FILE, policy)]
    return LoadedLimits(
        effective=effective_limits([value.limit_set(name) for name, value in values]),
        ids=ids,
        profile=profile,
        policy=policy,
        recorded=tuple({"name": n, "kind": type(v).__name__, "values": plain(v)} for n, v in named),
    )


def load_profiles() -> Loaded[Profiles]:
    return load(config_file(PROFILES_FILE), Profiles)


def profile_of(profiles: Loaded[Profiles], name: str) -> CapitalProfile:
    known = profiles.value.by_name()
    if name not in known:
        raise UserError(f'there is no profile "{name}"', remedy=f"choose one of {', '.join(known)}")
    return known[name]


def _load_any(path: Path) -> Loaded[_Schema]:
    """The kind of a file is the schema that knows most of its keys; its other keys are then errors of that schema.

    A file says everything: a limit that is left out would be a number nobody chose. Raises UserError naming what is
    missing, and the usual value. Only the thirteen keys of QTS may be left out, as in its source: see `_unsaid`.
    """
    document = parse_text(read_text(path), str(path))
    assert isinstance(document.value, dict)  # noqa: S101  (parse_text has said so)
    keys = {key for key in document.value if not key.startswith("_")}
    known = {schema: len(keys & {field.name for field in fields(schema)}) for schema in _SCHEMAS}
    best = max(known, key=lambda schema: (known[schema], schema is OwnLimits))
    if known[best] == 0:
        raise UserError(
            "is no limit file Rung knows",
            where=str(path),
            remedy="compare it with those in config/risk",
        )
    loaded = load(path, best)
    missing = {f.name: getattr(best(), f.name) for f in fields(best) if f.name not in keys and best is not OwnLimits}
    if missing and best is not QtsRisk:
        usual = ", ".join(f"{name} = {value}" for name, value in missing.items())
        raise UserError(
            f"leaves {len(missing)} limits unsaid: {', '.join(missing)}",
            where=str(path),
            remedy=f"say them (the usual values: {usual}), or use only names of `rung risk show` for single limits",
        )
    return loaded


def _unsaid(path: Path, loaded: Loaded[_Schema]) -> tuple[str, ...]:
    """One sentence about the limits of a QTS file that bind at their usual value because the file is silent."""
    document = parse_text(read_text(path), str(path)).value
    assert isinstance(document, dict)  # noqa: S101  (parse_text has said so)
    values = {f.name: getattr(loaded.value, f.name) for f in fields(loaded.value)}
    silent = [f"{name} = {value}" for name, value in values.items() if name not in document]
    if not silent or isinstance(loaded.value, OwnLimits):
        return ()
    return (f"{path.name} is silent about {', '.join(silent)}: these usual values bind",)


def _names(paths: Sequence[Path]) -> list[str]:
    """File names where they are unique, else the whole paths."""
    short = [path.name for path in paths]
    return short if len(set(short)) == len(short) else [str(path) for path in paths]
