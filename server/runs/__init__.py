"""Training runs: the files they leave, and the processes that write them."""
