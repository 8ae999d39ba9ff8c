"""Images as the bottleneck of an autoencoder."""
