"""What is learned: networks, losses, samplers, compiled engines, and ready-made networks."""
