"""Training data: readers of files, built-in data, and their conversion to numbers."""
