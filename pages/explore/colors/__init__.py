"""What the points are colored by: the controls, and the colors."""
