"""Users as the mean of what they have read."""
