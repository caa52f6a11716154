"""Small on purpose, and tested to stay so."""

from __future__ import annotations

import ast

from tests.architecture.sources import ROOT, functions, modules

from rung.apps.cli.verbs import VERBS

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 40
MAX_PARAMETERS = 6


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, the docstring not counted."""
    first = node.body[0]
    spoken = ast.get_docstring(node) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if spoken else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - docstring


def parameters_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """`self` and `cls` are not counted."""
    arguments = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return len([name for name in arguments if name not in ("self", "cls")])


COMMANDS = {verb.target.replace(".", "/").replace(":", ".py:") for verb in VERBS}


def is_command(path: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """A function whose parameters are the options of a verb."""
    decorated = any(".command" in ast.unparse(decorator) for decorator in node.decorator_list)
    return decorated or f"{path.removeprefix('src/')}:{node.name}" in COMMANDS


def test_no_module_grows_beyond_its_limit() -> None:
    sizes = {path: len((ROOT / path).read_text("utf-8").splitlines()) for path in modules()}
    assert {path: n for path, n in sizes.items() if n > MAX_MODULE_LINES} == {}


def test_no_function_grows_beyond_its_limit() -> None:
    sizes = {f"{path}:{f.name}": lines_of(f) for path, tree in modules().items() for f in functions(tree)}
    assert {name: n for name, n in sizes.items() if n > MAX_FUNCTION_LINES} == {}


def test_no_function_takes_more_than_six_things() -> None:
    """Kernels take arrays, one by one; a command takes its options, each with a line of help."""
    counts = {
        f"{path}:{f.name}": parameters_of(f)
        for path, tree in modules().items()
        if not path.startswith("src/rung/kernels/")
        for f in functions(tree)
        if not is_command(path, f)
    }
    assert {name: n for name, n in counts.items() if n > MAX_PARAMETERS} == {}
