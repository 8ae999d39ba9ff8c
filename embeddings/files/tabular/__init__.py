"""Tables with a column of vectors: Parquet and Arrow, and how columns get their types and roles."""
