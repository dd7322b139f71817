"""The pictures of the larger demos."""
