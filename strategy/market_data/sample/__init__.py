"""Synthetic sessions, made from a seed: marked as such everywhere, never mixed with others."""
