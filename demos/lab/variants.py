"""The experiments of the lab: a question each, with the variants of the model or of its training that answer it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import nn
from demos.calculator import SIZES, optimizer
from demos.lab import replacements as by
from models.block import MLP, ScaledDotProductAttention, SwiGLU, post_norm, pre_norm
from models.config import GPTConfig
from models.gpt import GPT


@dataclass(frozen=True)
class Variant:
    """A change of the original: of fields of its config, or of one function or class of its source for another.

    `shown` are two functions where the change of the config is seen in the source.
    """

    name: str
    config: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    swap: tuple[Any, Any] | None = None
    shown: tuple[Callable, Callable] | None = None

    def of(self, original: Callable) -> Callable:
        """What stands in the place of this function of the original."""
        return self.swap[1] if self.swap and self.swap[0] is original else original

    def build(self, vocab_size: int, sizes: Mapping[str, Any] = SIZES) -> GPT:
        """The model. It begins with the same numbers as the original where it has the same parameters."""
        model = GPT(GPTConfig(vocab_size, **{**sizes, **self.config}))
        swap: tuple[Any, Any] = self.swap or (None, None)
        original, other = swap
        for module in model.modules():
            if type(module) is original:
                module.__class__ = other  # it has the same parameters, and another method
            elif other and getattr(module, "residual", None) is original:
                module.residual = other
        return model

    def fields(self) -> Iterator[tuple[str, Any, Any]]:
        """The name of each changed field of the config, its value before and after."""
        original = GPTConfig(**SIZES)
        yield from ((name, getattr(original, name), value) for name, value in self.config.items())

    def functions(self) -> Iterator[tuple[Callable, Callable]]:
        """Each function in whose source the change is seen, and the one in its place."""
        if self.shown:
            yield self.shown
        if self.swap:
            before, after = self.swap
            if isinstance(after, type):  # which overrides one method
                (name,) = (name for name, value in vars(after).items() if inspect.isfunction(value))
                before, after = getattr(before, name), getattr(after, name)
            yield before, after


def returned(function: Callable) -> str:
    """The line of a function's source that returns."""
    source = textwrap.dedent(inspect.getsource(function))
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.FunctionDef)
    return ast.get_source_segment(source, definition.body[-1]) or ""


ORIGINAL = Variant("original")


@dataclass(frozen=True)
class Experiment:
    """A question, the variants that answer it, and why what is seen is to be expected or not."""

    name: str
    question: str
    variants: tuple[Variant, ...]
    why: str


def _attention(name: str, other: type) -> Variant:
    return Variant(name, swap=(ScaledDotProductAttention, other))


LEARNED = nn.LearnedPositionalEncoding.forward

EXPERIMENTS = (
    Experiment(
        "squares",
        "Squared scores in place of dot products?",
        (_attention("squared scores", by.SquaredScores), _attention("squares first", by.SquaredNumbers)),
        "A dot product has a sign: a query can say what it wants, and also what it does not want. A squared score "
        "has lost the sign, so that a key of the opposite direction is taken for a match. Where the numbers are "
        "squared before they are multiplied, no feature can lower a score at all. What remains can still "
        "rank the keys, for softmax looks at the differences between the scores of a row alone, and W_Q and W_K are "
        "trained for the score that they feed. Near 0, where training begins, a square is flatter than the number "
        "that is squared, so its gradient is smaller there.",
    ),
    Experiment(
        "reversed",
        "The order reversed: of the dot product, of the question, of the answer?",
        (
            _attention("key backwards", by.KeyBackwards),
            _attention("opposites attract", by.Opposites),
            Variant("question backwards", swap=(by.as_it_is, by.question_backwards)),
            Variant("answer backwards", swap=(by.as_it_is, by.answer_backwards)),
        ),
        "The order of the features is a convention: a W_K whose rows stand in the opposite order, or have the "
        "opposite sign, makes the same scores by the changed formula as W_K itself by the original one, and is as "
        "likely to be drawn at random. So the first two variants can gain or lose nothing but by luck. The order of "
        "the words is no convention, for each word sees only those before it, and the words of an answer depend on "
        "each other: the tens of a sum need the carry of its units, and an answer that begins with its units has "
        "found that carry first.",
    ),
    Experiment(
        "mask",
        "No mask, or the mask on the other triangle?",
        (_attention("no mask", by.NoMask), _attention("other triangle", by.OtherTriangle)),
        "The loss is measured on rows that hold the whole answer, and the target at each place is the next word of "
        "the row. A model that sees what follows finds its target there, one place to the right, and learns to copy "
        "it; a loss near 0 then says nothing of what it can calculate. When it has to answer, nothing follows yet, "
        "so there is nothing to copy. With the other triangle the place of the answer sees itself and what "
        "follows, and nothing of the question at all. This is why accuracy is measured on answers that the model "
        "writes by itself, word by word.",
    ),
    Experiment(
        "scale",
        "Dot products that are not divided by √D?",
        (_attention("no 1/√D", by.NoScale),),
        "The dot product of two vectors of D independent numbers of variance 1 has the variance D; divided by √D, "
        "scores keep a size at which softmax has a gradient, whatever D is. Here D is "
        f"{GPTConfig(**SIZES).head_size}, the weights begin so small that all scores are near 0 with the division and "
        "without it, and W_Q and W_K can learn a constant factor. It matters more where heads have 64 or 128 features.",
    ),
    Experiment(
        "positions",
        "No positions, sinusoidal or rotary ones?",
        (
            Variant("no positions", {"position": "none"}, shown=(LEARNED, nn.Identity.forward)),
            Variant("sinusoidal", {"position": "sinusoidal"}, shown=(LEARNED, nn.SinusoidalPositionalEncoding.forward)),
            Variant("rotary", {"position": "rotary"}, shown=(nn.Identity.forward, nn.RotaryEmbedding.forward)),
        ),
        "Attention by itself looks at a set: “seven minus two” and “two minus seven” have the same words. Without "
        "positions only the mask tells them apart: a word is mixed with those before it, and a second layer can "
        "read from the mixture what came first. Sinusoidal positions need no training, but are large beside "
        "embeddings that begin small. Rotary ones turn queries and keys, so that a score depends on the distance, "
        "and leave the words as they are.",
    ),
    Experiment(
        "residual",
        "No residual connections?",
        (Variant("no residual", swap=(pre_norm, by.no_residual)),),
        "With x + f(x), the embedding reaches the output whatever the blocks do, and the gradient reaches the "
        "embedding. Without the “x +”, a later layer sees only what has gone through every f before it: of each "
        "word what attention mixed, and the word itself only if it is attended to. In a deep network the gradient "
        f"fades as well; here there are {SIZES['n_layer']} blocks.",
    ),
    Experiment(
        "norm",
        "No LayerNorm, a norm after each sum, or one without γ and β?",
        (
            Variant("no norm", {"norm": "none"}, shown=(nn.LayerNorm.forward, nn.Identity.forward)),
            Variant("post-norm", {"norm_first": False}, shown=(pre_norm, post_norm)),
            Variant("no γ and β", swap=(nn.LayerNorm, by.PlainNorm)),
        ),
        "A norm keeps what a layer reads at one size, however large the residual stream has grown, so that one rate "
        "suits all layers from the first step to the last. After the sum (post-norm) it lies on the way of the "
        "residual stream itself and of its gradient, which deep models tolerate only with a slow start. γ and β stand "
        "before a matrix that has weights and often a bias of its own, and can do the same: γ scales its columns, β "
        "shifts its bias.",
    ),
    Experiment(
        "heads",
        "One head of 64 in place of 4 of 16?",
        (Variant("one head", {"n_head": 1}),),
        "The matrices have the same number of weights. A head has one distribution over the words: with one head each "
        "place takes one mixture from each layer, with four it takes four, and can look at both numbers and the "
        "operation at once. In exchange, one head has more features to compare by.",
    ),
    Experiment(
        "activation",
        "ReLU or SwiGLU in place of GELU?",
        (
            Variant("ReLU", {"activation": "relu"}),
            Variant("SwiGLU", {"activation": "swiglu"}, shown=(MLP.forward, SwiGLU.forward)),
        ),
        "Without a bend between its two matrices the MLP would be one matrix. ReLU bends at a corner and has no "
        "gradient below 0, GELU bends smoothly. SwiGLU multiplies two projections, a gate and what it lets pass; at "
        "the same width it has half as many weights again in each MLP, so it is no fair comparison: the published one "
        "makes F smaller by a third.",
    ),
    Experiment(
        "tied",
        "An output matrix of its own?",
        (Variant("untied", {"tie": False}),),
        "The tied matrix is used twice: to read a word, and to score it as an answer. Untied, each of the two has a "
        "matrix and a gradient of its own. With a vocabulary as small as this one that is a few weights more; in GPT-2 "
        f"small it would be {GPTConfig().vocab_size * GPTConfig().n_embd:,}.",
    ),
    Experiment(
        "optimizer",
        "SGD in place of Adam?",
        (
            Variant("SGD", swap=(optimizer, by.sgd)),
            Variant("SGD with momentum", swap=(optimizer, by.sgd_with_momentum)),
        ),
        "SGD moves each weight in proportion to its gradient, and gradients differ by orders of magnitude from "
        "matrix to matrix, so that no rate suits all. Adam divides each by its own recent size: every weight moves "
        "by about the rate, also those of rare words, whose gradients are seldom other than 0. Momentum, and a rate "
        "chosen for SGD, make up for a part of that.",
    ),
    Experiment(
        "rate",
        "A learning rate that is too large, or too small?",
        (
            Variant("ten times the rate", swap=(optimizer, by.large_rate)),
            Variant("a tenth of the rate", swap=(optimizer, by.small_rate)),
        ),
        "A gradient holds for a small step. A large one overshoots: it ends where the gradient is another, and "
        "Adam, whose steps have about the size of the rate, cannot slow down by itself. Clipping bounds the "
        "gradient, and the norms bound what a layer reads, so the loss need not become infinite; it stays at a "
        "height where the steps are too large to descend. Too small a rate leads the right way and does not arrive.",
    ),
    Experiment(
        "probability",
        "Maximise P in place of ln P?",
        (Variant("maximise P", swap=(GPT, by.MaximiseP)),),
        "Both are best at P = 1. But by the chain rule the gradient of −P is that of −ln P times P: a right answer "
        "that the model thinks nearly impossible, from which it has most to learn, teaches it almost nothing, and "
        "when training begins every P is about one in the number of words. The sum of −ln P over the words of a "
        "text is that of the whole text, and grows without bound as P goes to 0; a word that is given up costs −P "
        "no more than 1.",
    ),
)
VARIANTS = {variant.name: variant for variant in (ORIGINAL, *(v for e in EXPERIMENTS for v in e.variants))}
