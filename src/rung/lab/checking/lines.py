"""The line of the author's file that says what differs."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from rung.domain.errors import UserError
from rung.lab.checking.runs import Runner, Shown
from rung.lab.checking.watching import Watch
from rung.strategy.authoring import Authored
from rung.strategy.running import file_of


class _Tracing(Watch):
    """Notes which lines of one file `decide` runs at one instant, in order."""

    def __init__(self, file: str, at_ns: int) -> None:
        super().__init__()
        self._file, self._at_ns = file, at_ns
        self.lines: list[int] = []

    def decided(self, instance: Authored, view: Any) -> Any:
        if view.at_ns != self._at_ns:
            return super().decided(instance, view)
        before = sys.gettrace()
        sys.settrace(self._trace)
        try:
            return super().decided(instance, view)
        finally:
            sys.settrace(before)

    def _trace(self, frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename != self._file:
            return None
        if event == "line":
            self.lines.append(frame.f_lineno)
        return self._trace


def line_of_difference(runner: Runner, shown: Shown) -> str:
    """`file:line`: where the value that differs is made, or the answer given, at that bar; "" where nobody can say."""
    bench = runner.fresh()
    file = file_of(bench.found.cls)
    if not file or bench.found.origin == "built in":
        return ""
    watch = _Tracing(file, runner.whole[shown.bar].at_ns)
    try:
        for _ in runner.rows(bench, watch, 0, shown.bar + 1):
            pass
    except UserError:
        return ""
    line = _chosen(Path(file), watch.lines, shown)
    return f"{file}:{line}" if line else ""


def _chosen(file: Path, executed: Sequence[int], shown: Shown) -> int | None:
    text = file.read_text("utf-8").splitlines()
    if shown.difference.kind != "value":
        answers = [line for line in executed if text[line - 1].strip().startswith("return")]
        return (answers or list(executed) or [0])[-1] or None
    return line_that_makes(file, attribute_of(shown.difference.name), executed)


def attribute_of(name: str) -> str:
    """`mean` of `BTCUSDT:mean[3].a`; an attribute of a Portfolio has no symbol before it."""
    return re.split(r"[.\[]", name.rpartition(":")[2])[0]


def line_that_makes(file: Path, attribute: str, executed: Sequence[int] = ()) -> int | None:
    """The last executed line that assigns to self.attribute or calls it; else the last such line of the file."""
    tree = ast.parse(file.read_text("utf-8"))
    places = sorted({getattr(node, "lineno", 0) for node in ast.walk(tree) if _makes(node, attribute)})
    run = [line for line in executed if line in places]
    return run[-1] if run else places[-1] if places else None


def _makes(node: ast.AST, attribute: str) -> bool:
    if isinstance(node, ast.Call):
        return _is_own(node.func, attribute)
    targets = node.targets if isinstance(node, ast.Assign) else (
        [node.target] if isinstance(node, ast.AugAssign | ast.AnnAssign) else []
    )  # fmt: skip
    return any(_is_own(inner, attribute) for target in targets for inner in ast.walk(target))


def _is_own(node: ast.AST, attribute: str) -> bool:
    owner = getattr(node, "value", None)
    return isinstance(node, ast.Attribute) and node.attr == attribute and getattr(owner, "id", "") == "self"
