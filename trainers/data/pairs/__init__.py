"""Pairs of left and right items: interactions, links, relevance judgments."""
