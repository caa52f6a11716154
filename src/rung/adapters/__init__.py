"""The outside world, one folder each, none importing another: they implement the ports of the stages."""
