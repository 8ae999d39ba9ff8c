"""Small line charts that are drawn again in place."""
