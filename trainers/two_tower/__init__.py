"""Two towers: items of two sides as vectors, near each other where they form a pair."""
