"""What `rung doctor` looks at: what is installed, what is missing, what to do. Writes nothing but Numba's cache."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib import metadata
from pathlib import Path

from rung.apps.config_files import CONFIG_FILES
from rung.apps.places import CACHE_DIR, config_file
from rung.config import load
from rung.domain.errors import UserError, install_words

LOW_SPACE_BYTES = 1_000_000_000


class State(StrEnum):
    """Only BROKEN makes the doctor's answer a no."""

    OK = "ok"
    OPTIONAL = "not there"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at. `remedy` says what to do where something is to be done."""

    area: str
    name: str
    state: State
    detail: str
    remedy: str = ""


def check_up(data_dir: Path) -> list[Finding]:
    """Everything, in the order a person would repair it."""
    return [
        _python(),
        *_packages(),
        _time_zones(),
        _kernels(),
        *_configs(),
        _data(data_dir),
        _writable(CACHE_DIR, "cache", "memory-mapped tapes are kept there"),
        _journal_key(),
        _browser(),
        _postgres(),
    ]


def _python() -> Finding:
    version = ".".join(str(part) for part in sys.version_info[:3])
    new_enough = sys.version_info >= (3, 11)
    return Finding(
        area="python",
        name="python",
        state=State.OK if new_enough else State.BROKEN,
        detail=version,
        remedy="" if new_enough else "install Python 3.11 or newer, then RUNG_PYTHON=… ./rung doctor",
    )


_REQUIREMENT = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?(?:>=([\d.]+))?(?:.*extra == ['\"](\w+)['\"])?")


def _packages() -> Iterator[Finding]:
    """Every requirement of Rung once: those of extras are optional unless Rung needs them anyway."""
    seen: set[str] = set()
    found = [match for line in metadata.requires("rung") or [] if (match := _REQUIREMENT.match(line))]
    for match in sorted(found, key=lambda m: (m[3] is not None, m[3] in ("dev", "bench"))):
        if match[1] not in seen:
            seen.add(match[1])
            yield _package(match[1], match[2] or "0", match[3])


def _package(name: str, least: str, extra: str | None) -> Finding:
    area = "package" if extra is None else f"extra {extra}"
    absent = State.BROKEN if extra is None else State.OPTIONAL
    install = install_words(extra or "")
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(area=area, name=name, state=absent, detail="not installed", remedy=install)
    if _numbers(version) < _numbers(least):
        return Finding(area=area, name=name, state=State.BROKEN, detail=f"{version}, needs {least}", remedy=install)
    return Finding(area=area, name=name, state=State.OK, detail=version)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])


def _time_zones() -> Finding:
    import zoneinfo

    try:
        zoneinfo.ZoneInfo("America/New_York")
    except zoneinfo.ZoneInfoNotFoundError:
        remedy = "./rung python -m pip install tzdata"
        return Finding(area="system", name="time zones", state=State.BROKEN, detail="no New York time", remedy=remedy)
    return Finding(area="system", name="time zones", state=State.OK, detail="New York time is known")


def _probe(number: float) -> float:
    return number + 1.0


def _kernels() -> Finding:
    """Compiles one line of code and asks where its cache is."""
    remedy = "set NUMBA_CACHE_DIR to a writable folder, else every start compiles anew"
    try:
        from numba import njit

        compiled = njit(cache=True)(_probe)
        works = compiled(1.0) == 2.0
        place = Path(str(compiled.stats.cache_path))
    except Exception as error:  # noqa: BLE001 - whatever a compiler dies of is what the doctor wants to tell
        detail = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        return Finding(area="system", name="compiled kernels", state=State.BROKEN, detail=detail, remedy=remedy)
    if not works or not os.access(place, os.W_OK):
        detail = f"the cache {place} cannot be written"
        return Finding(area="system", name="compiled kernels", state=State.BROKEN, detail=detail, remedy=remedy)
    return Finding(area="system", name="compiled kernels", state=State.OK, detail="compile, and the cache is kept")


def _configs() -> Iterator[Finding]:
    for file in CONFIG_FILES:
        path = config_file(file.name)
        schema: type[object] = file.schema()
        try:
            loaded = load(path, schema)
        except UserError as error:
            yield Finding(
                area="config",
                name=file.name,
                state=State.BROKEN,
                detail=str(error),
                remedy="correct it as the lines say",
            )
        else:
            yield Finding(area="config", name=file.name, state=State.OK, detail=f"id {loaded.id}")


def _data(folder: Path) -> Finding:
    from rung.market.catalogue import Catalogue

    remedy = "`rung data synth` invents some, `rung data download` fetches some, `--data DIR` names another folder"
    try:
        symbols = Catalogue(folder, cache_dir=None).symbols()
    except (UserError, OSError) as error:
        return Finding(area="data", name=str(folder), state=State.OPTIONAL, detail=str(error), remedy=remedy)
    state = State.OK if symbols else State.OPTIONAL
    detail = f"tapes of {', '.join(symbols)}" if symbols else "no tapes in it"
    return Finding(area="data", name=str(folder), state=state, detail=detail, remedy="" if symbols else remedy)


def _writable(folder: Path, name: str, why: str) -> Finding:
    """Whether the folder, or the nearest one above it that exists, may be written, and has room."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        remedy = f"make {there} writable, or run from another folder: {why}"
        return Finding(area="system", name=name, state=State.BROKEN, detail=f"{there} cannot be written", remedy=remedy)
    free = shutil.disk_usage(there).free
    detail = f"{folder}, {free / 1e9:.1f} GB free"
    remedy = "" if free >= LOW_SPACE_BYTES else "little room is left: journals and tapes need some"
    return Finding(area="system", name=name, state=State.OK, detail=detail, remedy=remedy)


def _journal_key() -> Finding:
    if os.environ.get("RUNG_JOURNAL_KEY"):
        return Finding(
            area="secrets", name="RUNG_JOURNAL_KEY", state=State.OK, detail="set: journals are signed with it"
        )
    remedy = "set it, and keep it elsewhere, so that a journal cannot be rewritten whole"
    return Finding(area="secrets", name="RUNG_JOURNAL_KEY", state=State.OPTIONAL, detail="not set", remedy=remedy)


def _browser() -> Finding:
    found = next(filter(shutil.which, ("chromium", "chromium-browser", "google-chrome")), None)
    if found is None:
        remedy = "only tests need it: on Debian, apt-get install chromium"
        return Finding(area="tests", name="browser", state=State.OPTIONAL, detail="no Chromium", remedy=remedy)
    return Finding(area="tests", name="browser", state=State.OK, detail=found)


def _postgres() -> Finding:
    from glob import glob

    if shutil.which("initdb") or glob("/usr/lib/postgresql/*/bin/initdb"):
        return Finding(area="tests", name="PostgreSQL", state=State.OK, detail="its server programs are there")
    remedy = "only tests need it: on Debian, apt-get install postgresql"
    return Finding(area="tests", name="PostgreSQL", state=State.OPTIONAL, detail="no server programs", remedy=remedy)
