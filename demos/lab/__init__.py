"""The lab: what happens to the calculator when one line of the model, or of its training, is another."""
