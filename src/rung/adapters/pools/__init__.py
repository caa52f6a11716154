"""Where many evaluations run: on this machine, or on a cluster."""
