"""Ads learned from few clicks, with the help of a feed."""
