"""Files for other viewers of embeddings."""
