"""RORQ in Dagster: assets, checks, partitions, sensors, reports and the command line."""
