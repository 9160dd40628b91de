"""The PostgreSQL to use: found by settings, or the embedded server, started on demand."""
