"""Training runs: their files and processes, and what the app and the trainers agree on."""
