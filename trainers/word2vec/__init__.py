"""Words learned from their neighbors in text: CBOW and skip-gram."""
