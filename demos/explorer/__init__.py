"""A local page on live models: draw a digit, look inside a GPT, watch a model learn."""
