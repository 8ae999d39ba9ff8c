"""Commands that are no trainers: recommend, encode, decode, columns."""
