"""The parts of the embedded server: where it lives, its processes, its locks, its watcher.

They know no SQL and no connection; `optimize.embedded_postgres` puts them together.
"""
