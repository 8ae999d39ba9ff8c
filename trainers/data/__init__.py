"""What is learned from: files that are read, what is built in, and how they become numbers."""
