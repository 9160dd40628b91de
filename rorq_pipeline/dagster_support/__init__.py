"""What Dagster needs besides assets: partitions, resources, IO managers, jobs, launcher."""
