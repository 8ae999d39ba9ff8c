"""What an embedding set is like: its health, duplicates, neighborhoods and clusters."""
