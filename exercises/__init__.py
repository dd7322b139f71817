"""Exercises that mark themselves: `python -m exercises` lists them."""
