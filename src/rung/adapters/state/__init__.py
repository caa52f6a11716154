"""The state folder: the few files that must survive everything else, each written whole or not at all."""
