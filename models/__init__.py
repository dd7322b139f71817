"""Models built from `nn`, and the tokenizers that feed them."""
