"""Plain formulas over arrays that the lab and the reports both need, so that each figure is computed in one place."""
