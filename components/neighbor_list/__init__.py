"""The list of a row's neighbors."""
