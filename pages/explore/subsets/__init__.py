"""Some of the points: those that pass the filter, and those that are selected."""
