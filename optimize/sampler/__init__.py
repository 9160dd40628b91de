"""Which combination to try next: an Optuna sampler that never proposes one twice."""
