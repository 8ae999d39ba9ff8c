"""The search box over the labels of a set."""
