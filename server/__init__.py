"""What the app keeps running for all sessions: worker processes, training runs, encoders."""
