"""Compiled loops: arrays in, arrays out, each beside a plain twin that says the same slowly. Knows nothing else of ours."""
