"""Panels of the Explore screen."""
