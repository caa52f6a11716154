"""Compiled loops: arrays in, arrays out, each beside a plain twin that is slow and right. Know nothing else of ours."""
