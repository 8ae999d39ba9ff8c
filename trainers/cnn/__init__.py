"""Images as the penultimate layer of a classifier."""
