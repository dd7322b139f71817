"""Worked examples, one runnable file each: `python -m demos` lists them."""
