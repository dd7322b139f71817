"""The data that the demos learn from, and its readers."""
