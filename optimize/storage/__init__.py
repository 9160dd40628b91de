"""Studies in PostgreSQL: rows, claims of combinations, the connection of a run."""
