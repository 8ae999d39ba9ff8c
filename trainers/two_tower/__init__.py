"""Two towers: items of two sides as vectors, close to each other where they form a pair."""
