"""Finds a strategy by what a person calls it: a file, a built-in name, an entry point of an installed package."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType
from typing import Any

from rung import __version__
from rung.domain.errors import UserError
from rung.strategy.authoring import Authored, Portfolio, Strategy
from rung.strategy.running import line_of, refuse_shape

GROUP = "rung.strategies"
"""Entry points of this group add strategies: name = "module:Class"."""

BUILT_IN: Mapping[str, str] = {
    "crossover": "rung.strategy.crossover:Crossover",
    "momentum": "rung.strategy.momentum:Momentum",
    "mean_reversion": "rung.strategy.mean_reversion:MeanReversion",
    "stat_arb": "rung.strategy.stat_arb:StatArb",
}
ELSEWHERE: Mapping[str, str] = {
    "rotation": "it has a file and limits of its own: `rung backtest rotation`, `rung walk-forward rotation`, "
    "`rung tune rotation` and `rung mock` run it",
}
"""Strategies that are not one class with parameters, and what runs them."""
ID_LENGTH = 12
AnyStrategy = type[Strategy] | type[Portfolio]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A strategy's class. origin : "built in", a package or a file.   source_id : hash of the source it is in."""

    name: str
    origin: str
    cls: AnyStrategy
    source_id: str

    @property
    def about(self) -> str:
        """The first line of its documentation."""
        return (inspect.getdoc(self.cls) or "").partition("\n")[0]


def find_strategy(what: str | Path | AnyStrategy) -> Found:
    """A class, `crossover`, `my_strategy.py` or `my_strategy.py:MyClass`.

    Raises UserError naming file and line for anything that keeps it from being a strategy; near names are offered.
    """
    if isinstance(what, type):
        return _found(what.name, what.__module__, what)
    text = str(what)
    path, _, wanted = text.partition(":") if ".py" in text else ("", "", "")
    if path.endswith(".py"):
        return _from_file(Path(path), wanted)
    if text in BUILT_IN:
        return _built_in(text)
    for point in _entry_points():
        if point.name == text:
            return _from_entry_point(point)
    if text in ELSEWHERE:
        raise UserError(f"{text} is no strategy of this kind", where="strategy", remedy=ELSEWHERE[text])
    names = [*BUILT_IN, *(point.name for point in _entry_points())]
    likely = get_close_matches(text, names, n=1)
    remedy = f"did you mean {likely[0]}? " if likely else ""
    raise UserError(
        f'there is no strategy "{text}"', remedy=f"{remedy}name a file (my_strategy.py) or one of {', '.join(names)}"
    )


def known_strategies() -> Iterator[Found]:
    """Every built-in strategy, then those of installed packages."""
    for name in BUILT_IN:
        yield _built_in(name)
    for point in _entry_points():
        yield _from_entry_point(point)


def _entry_points() -> tuple[metadata.EntryPoint, ...]:
    return tuple(sorted(metadata.entry_points(group=GROUP), key=lambda point: point.name))


def _built_in(name: str) -> Found:
    module, _, attribute = BUILT_IN[name].partition(":")
    return _found(name, "built in", getattr(import_module(module), attribute))


def _from_entry_point(point: metadata.EntryPoint) -> Found:
    package = point.dist.name if point.dist is not None else point.module
    try:
        cls = point.load()
    except Exception as error:  # a package of somebody else may raise anything
        words = f"cannot be loaded: {type(error).__name__}: {error}"
        raise UserError(words, where=f"strategy {point.name} of {package}", remedy="repair or remove it") from error
    return _found(point.name, package, _strategy_class(cls, f"strategy {point.name} of {package}"))


def _found(name: str, origin: str, cls: AnyStrategy) -> Found:
    refuse_shape(cls)
    source = __version__.encode() + b"\0" + _source(cls)
    return Found(name=name, origin=origin, cls=cls, source_id=sha256(source).hexdigest()[:ID_LENGTH])


def _source(cls: type) -> bytes:
    """What decides how it decides: its file and the files beside it that it imports; of a class without a file the
    text of the class, or else the code of its methods. The same in every process.
    """
    try:
        file = Path(inspect.getsourcefile(cls) or "").resolve(strict=True)
    except (TypeError, OSError):
        return _text(cls)
    files = {file}
    _imported_beside(file, files)
    return b"\0".join(path.read_bytes() for path in sorted(files))


def _imported_beside(file: Path, found: set[Path]) -> None:
    """Add the modules that `file` imports from its own folder, and those that they import."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            path = file.parent / f"{name.partition('.')[0]}.py"
            if path.is_file() and path not in found:
                found.add(path)
                _imported_beside(path, found)


def _text(cls: type) -> bytes:
    try:
        return inspect.getsource(cls).encode()
    except (TypeError, OSError):
        codes = [getattr(value, "__code__", value) for value in vars(cls).values()]
        return repr([(c.co_code, c.co_consts, c.co_names) if inspect.iscode(c) else repr(c) for c in codes]).encode()


def _from_file(path: Path, wanted: str) -> Found:
    module = _executed(path)
    own = {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Authored) and value.__module__ == module.__name__
    }
    if wanted:
        if wanted not in own:
            raise UserError(f"there is no strategy {wanted} in it", where=str(path), remedy=_listed(own))
        return _found(own[wanted].name, str(path), _strategy_class(own[wanted], str(path)))
    if not own:
        raise UserError(
            "it defines no strategy", where=str(path), remedy="write class MyStrategy(Strategy): … with a decide in it"
        )
    if len(own) > 1:
        places = ", ".join(f"{name} (line {line_of(cls, 'decide').rpartition(':')[2]})" for name, cls in own.items())
        raise UserError(f"it defines {len(own)} strategies: {places}", where=str(path), remedy=f"name one: {path}:NAME")
    ((_, cls),) = own.items()
    return _found(cls.name, str(path), _strategy_class(cls, str(path)))


def _strategy_class(cls: object, where: str) -> AnyStrategy:
    if isinstance(cls, type) and issubclass(cls, Strategy | Portfolio):
        return cls
    raise UserError(f"{cls!r} is no Strategy", where=where, remedy="derive the class from Strategy or Portfolio")


def _listed(own: Mapping[str, Any]) -> str:
    return f"it has {', '.join(own)}" if own else "write class MyStrategy(Strategy): … with a decide in it"


def _executed(path: Path) -> ModuleType:
    """The file as a module of its own. Raises UserError with the line of a syntax error or of what failed at import."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UserError(error.strerror or "cannot be read", where=str(path), remedy="give the path of a file") from None
    name = f"rung_strategy_file_{path.stem}_{sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    module = ModuleType(name)
    module.__file__ = str(path)
    sys.modules[name] = module
    try:
        code = compile(source, str(path), "exec")
    except SyntaxError as error:
        line = (error.text or "").strip()
        words = f"{error.msg}{f': {line}' if line else ''}"
        raise UserError(words, where=f"{path}:{error.lineno}", remedy="correct this line") from None
    except ValueError as error:
        raise UserError(f"is no Python text: {error}", where=str(path)) from None
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)  # a strategy may import what lies beside it
    try:
        exec(code, vars(module))  # noqa: S102 - running the person's own file is what was asked for
    except (Exception, SystemExit) as error:  # the file may raise anything
        raise _import_failed(path, error) from error
    finally:
        sys.path.remove(folder)
    return module


def _import_failed(path: Path, error: BaseException) -> UserError:
    line, trace = "", error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = f":{trace.tb_lineno}"
        trace = trace.tb_next
    words = error.what if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
    return UserError(words, where=f"{path}{line}", remedy="correct this line of the strategy")
