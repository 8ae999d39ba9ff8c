"""Words in context, by a masked transformer."""
