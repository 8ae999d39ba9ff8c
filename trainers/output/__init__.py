"""What is written: embedding files, reports, and what goes with them."""
