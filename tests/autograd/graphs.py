"""Graphs that the tests of pages draw."""

from autograd import manual_seed, tensor
from autograd.scalar import Value
from autograd.tensor import Tensor
from autograd.tracing import trace
from models.config import GPTConfig
from models.gpt import GPT


def gpt(blocks: int = 12) -> Tensor:
    manual_seed(0)
    model = GPT(GPTConfig(vocab_size=20, block_size=8, n_layer=blocks, n_head=2, n_embd=8))
    tokens = tensor([[1, 2, 3, 4]])
    with trace():
        loss = model.loss(tokens, tokens)
        loss.backward()
    return loss


def neuron() -> Value:
    x, w, b = Value(2.0), Value(-3.0), Value(6.88)
    n = x * w + b
    y = n.tanh() * x
    y.backward()
    return y
