"""Commands that are not trainers: recommend, encode, decode, columns."""
