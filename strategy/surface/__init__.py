"""Every combination of a search space, evaluated exactly: computed, held, ranked, stored."""

from strategy.surface.compute import compute_surface

__all__ = ["compute_surface"]
