"""The project folder: where things lie, what its settings say, which sessions its cache holds."""
