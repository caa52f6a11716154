"""The nouns of the desk. Standard library only: no I/O, no clock of its own, no arrays."""
