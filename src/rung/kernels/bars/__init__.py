"""Backtests of bar strategies in compiled code: the fast twin of the desk, and its plain reference beside it."""
