"""The fuzz run: damaged files of every kind, each of which must open or end in one clear error."""
