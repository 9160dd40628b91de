"""The parameter search: an Optuna study kept in PostgreSQL; knows nothing of dagster."""
