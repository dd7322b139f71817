"""HIPS autograd's `misc`: `flatten`, and optimisers of functions of nests."""

from autograd.hips.misc.flatten import flatten as flatten
