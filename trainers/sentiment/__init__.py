"""Words learned from the sentiment of texts."""
