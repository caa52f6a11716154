"""Where bars come from outside."""
