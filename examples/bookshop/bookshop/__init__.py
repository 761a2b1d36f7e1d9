"""A small shop: what it has, what that costs, and who ordered it."""
