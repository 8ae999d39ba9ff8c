"""Compares features of categorical columns under several models."""
