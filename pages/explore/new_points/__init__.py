"""New points: adding vectors to the map, and placing them on it."""
