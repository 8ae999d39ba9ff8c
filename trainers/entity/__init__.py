"""Embeddings of categorical variables, learned on a supervised task."""
