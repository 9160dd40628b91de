"""Which combination of an exact surface to trade."""
