"""Ads learned from the organic interactions of their products."""
