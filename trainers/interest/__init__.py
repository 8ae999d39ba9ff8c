"""Users as means of what they read."""
