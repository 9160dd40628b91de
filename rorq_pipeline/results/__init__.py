"""What assets leave behind: how it is made, kept as files, and read back."""
