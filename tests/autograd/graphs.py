"""Graphs that the tests of pictures draw, and what these show of them."""

from autograd import manual_seed, tensor
from autograd.draw import picture
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


def content(box) -> tuple:
    return (box.title, *box.lines) if box.title else box.lines


def by_content(x, **options) -> tuple[set, set]:
    """The boxes as (kind, title and lines), and the edges as pairs of these."""
    drawn = picture(x, **options)
    found = {box.id: content(box) for box in drawn.boxes}
    assert len(found) == len(drawn.boxes), "ids are unique"
    return {(box.kind, content(box)) for box in drawn.boxes}, {(found[e.tail], found[e.head]) for e in drawn.edges}
