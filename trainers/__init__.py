"""Learn embeddings from data and write them to embedding files: python -m trainers NAME."""
