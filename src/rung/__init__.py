"""Rung: a trading desk on which capital is earned."""

__version__ = "0.1.0"
