"""What the desk did, entry after entry, in a chain that cannot be quietly edited."""
