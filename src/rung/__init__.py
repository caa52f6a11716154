"""Rung: a trading desk on which capital is earned."""

from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`from rung import BulletStore` loads the store when it is asked for, and `import rung` loads nothing."""
    if name == "BulletStore":
        from importlib import import_module

        return import_module("rung.apps.bullets").BulletStore
    raise AttributeError(f"module 'rung' has no attribute {name!r}")
