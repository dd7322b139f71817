"""The part of a notebook that shows pictures."""
