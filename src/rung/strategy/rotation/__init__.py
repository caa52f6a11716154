"""Minute-bar rotation over leveraged ETFs that learns online.

model.py    Slice → predictions      (compiled features and learner, one call per slice)
signals.py  predictions → Signals    (side, strength, smoothing, filters, rank)
rules.py    Signals + View → Targets (entry, hold, exit, rotation, end of day)
strategy.py the three in a row, behind the Strategy port
"""
