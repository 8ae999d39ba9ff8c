"""The files of TensorFlow's Embedding Projector."""
