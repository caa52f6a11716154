"""Statistics that know how easily one fools oneself: arrays in, frozen results out. Sources in docs/concepts."""
