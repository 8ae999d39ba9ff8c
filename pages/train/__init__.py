"""Panels of the Train screen."""
