"""126 scale-free streaming features: `registry` names them, `step` computes them, `reference` checks them.

Importing this package imports no numba; `rung.kernels.features.step` does.
"""
