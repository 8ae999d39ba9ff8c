"""The training loop and what belongs to a run: the same for every trainer."""
