"""Words in context, by two LSTM language models."""
