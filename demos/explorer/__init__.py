"""A local page on live models: digits that you draw, GPTs that you question, and a training that you watch."""
