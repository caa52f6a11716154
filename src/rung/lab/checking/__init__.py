"""The parts of `rung.lab.check`: what is watched, where the tape is cut, which futures replace it, who reads files."""
