"""Panels of the Evaluate screen."""
