"""Rows of a set: their order by the values of a column, and their export."""
