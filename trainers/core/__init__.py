"""The training loop and what every run needs: settings, checkpoints, devices, seeds, logs."""
