"""Stored machine code belongs to the content of all kernels, so that no change is ever run as it was before."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rung.kernels.compiled import code_folder, kernels_id

HELD = "from rung.kernels.compiled import {}\n"


def write(folder: Path, factor: int) -> None:
    (folder / "helper.py").write_text(HELD.format("inlined") + f"@inlined\ndef times(x):\n    return x * {factor}.0\n")
    (folder / "kernel.py").write_text(
        HELD.format("entry") + "from helper import times\n@entry\ndef run(x):\n    return times(x) + 0.5\n"
    )


def test_a_change_in_any_file_or_its_name_is_another_id(tmp_path: Path) -> None:
    write(tmp_path, 2)
    first = kernels_id(tmp_path)
    assert kernels_id(tmp_path) == first
    write(tmp_path, 3)
    second = kernels_id(tmp_path)
    (tmp_path / "helper.py").rename(tmp_path / "other.py")
    assert len({first, second, kernels_id(tmp_path)}) == 3


def test_code_of_other_versions_is_removed_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path, 2)
    beside = tmp_path / "__pycache__"
    old = code_folder(tmp_path)
    assert old.parent == tmp_path / "__pycache__" or old.parent.name == "rung"
    beside.mkdir(exist_ok=True)
    old = code_folder(tmp_path)
    old.mkdir()
    (beside / "kernel.cpython-311.pyc").touch()
    write(tmp_path, 3)
    new = code_folder(tmp_path)
    assert new != old
    assert not old.exists()
    assert (beside / "kernel.cpython-311.pyc").exists()


def test_a_changed_helper_is_compiled_anew_in_the_next_process(tmp_path: Path) -> None:
    """As an upgrade does it: the entered file stays as it was, what it inlines changes.

    The two helpers differ in length: Python takes a file of the same second and length for the one it has compiled.
    """
    script = "import sys; sys.path.insert(0, sys.argv[1])\n" + (
        "import numba, pathlib\n"
        "import rung.kernels.compiled as compiled\n"
        "numba.config.CACHE_DIR = str(compiled.code_folder(pathlib.Path(sys.argv[1])))\n"
        "from kernel import run; print(run(10.0))"
    )
    (tmp_path / "__pycache__").mkdir()
    said = []
    for factor in (2, 30):
        write(tmp_path, factor)
        done = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
        said.append(done.stdout.strip())
    assert said == ["20.5", "300.5"]
