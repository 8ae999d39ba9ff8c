"""Analysis of embedding sets: statistics, duplicates, neighborhoods, advice and clusters."""
