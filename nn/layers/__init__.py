"""The layers: a constructor each, and a `forward` that is a call into `nn.functional`."""
