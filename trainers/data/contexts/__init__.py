"""Tokens in sentences: the data and the files of trainers whose vectors depend on the context."""
