"""There are no models."""
