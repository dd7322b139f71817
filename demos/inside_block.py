"""Three tokens inside a trained block: the rows of A and Y, layer norm by numbers, what an activation lets pass."""

from __future__ import annotations

import numpy as np

import autograd as ag
from autograd import Tensor
from demos.report import Report
from demos.watch import Stage, stages_of, watch
from models.block import Block
from models.gpt import GPT
from nn import LayerNorm
from nn import functional as F

SHOWN = 8  # of the numbers of a vector


def first_block(model: GPT, ids: np.ndarray) -> tuple[Block, Tensor, dict[str, Stage]]:
    """The first block, what it is given for these tokens (1, T, C), and its stages."""
    with ag.no_grad(), watch(model) as calls:
        model(ag.tensor(ids[None]))
    block = model.transformer.h[0]
    assert isinstance(block, Block)
    x = calls["transformer.h.0"].args[0]
    return block, x, stages_of(block, x)


def show_rows(report: Report, model: GPT, ids: np.ndarray, words: list[str], head: int = 0) -> None:
    """What the rows of A and of Y = A V mean, and what becomes of them until W_O."""
    _, _, stages = first_block(model, ids)
    a, v, y = (stages[name].tensor.array[0, head] for name in ("A", "V", "heads"))
    joined = stages["joined"].tensor.array[0]
    heads, size = stages["V"].tensor.shape[1], v.shape[1]
    report.step(f"Three tokens in one head: what the rows of A and Y mean (“{' '.join(words)}”)", "Y = A V")
    report.matrix("A", a, words, words, note="a row is one token's view: how much it takes of each column")
    columns = [str(d) for d in range(size)]
    report.matrix("V", v, words, columns, digits=2, note="a row is what one token sends")
    report.matrix("Y = A V", y, words, columns, digits=2, note="a row is what one token receives")
    last = " + ".join(f"{share:.2f} V_{word}" for share, word in zip(a[-1], words))
    report.say(
        f"There are {len(words)} rows because there are {len(words)} tokens, each with a blend of its own: the row of "
        f"“{words[-1]}” is {last}; worked out from the tables it differs from Y by at most "
        f"{np.abs(a[-1] @ v - y[-1]).max():.1g}."
    )
    report.say(
        f"All {heads} heads do so with their own A and V. Side by side their Y are {len(words)} × {joined.shape[1]} "
        f"numbers, {size} of each head; W_O mixes the heads, still row by row, and the result is added to x: the token "
        "keeps what it was and gains what it received."
    )


def show_norm(report: Report, model: GPT, ids: np.ndarray, word: str) -> None:
    """Layer norm of the second token, number by number, and its symbols, one a line."""
    block, x, stages = first_block(model, ids)
    norm = block.ln_1
    assert isinstance(norm, LayerNorm)
    vector, out = x.array[0, 1].astype(float), stages["h"].tensor.array[0, 1]
    gamma, beta = (p.detach().array.astype(float) for p in norm.parameters())
    mean, sigma = vector.mean(), np.sqrt(vector.var() + norm.eps)
    scaled = (vector - mean) / sigma
    report.step(f"Layer norm of “{word}”, number by number", "LN(x) = γ ⊙ (x − μ)/σ + β,  MHA(LN(x)) is added to x")
    rows = [
        ("μ", "the mean of the numbers of this one token", f"{mean:.4f}"),
        ("σ", "their standard deviation, with ε under the root", f"{sigma:.4f}"),
        ("ε", "a small constant, so that nothing is divided by 0", f"{norm.eps:g}"),
        ("γ", "a learned scale for each channel, 1 at first", f"{gamma.min():.2f} to {gamma.max():.2f}"),
        ("β", "a learned shift for each channel, 0 at first", f"{beta.min():.2f} to {beta.max():.2f}"),
        ("⊙", "multiplies two vectors number by number", ""),
        ("MHA", "multi-head attention: all heads and W_O", ""),
        ("Δ", "what a part of the block adds to x", ""),
    ]
    report.table(["symbol", "what it is", "here"], rows)
    table = np.column_stack([vector, vector - mean, scaled, gamma, gamma * scaled, beta, gamma * scaled + beta, out])
    columns = ["x", "x − μ", "(x − μ)/σ", "γ", "γ ⊙ it", "β", "LN(x)", "the block's"]
    rows_ = [f"channel {c}" for c in range(SHOWN)]
    report.matrix(f"The first {SHOWN} of {len(vector)} channels", table[:SHOWN], rows_, columns)
    report.say(
        "Without γ and β every token would have mean 0 and size 1 in the same way; with them each channel has the "
        "scale and the shift that training gives it. Attention sees LN(x); the sum is made with x itself (pre-LN)."
    )


def show_activation(report: Report, model: GPT, ids: np.ndarray, word: str) -> None:
    """The hidden units of the second token before and after ReLU and GELU."""
    _, _, stages = first_block(model, ids)
    up = stages["up"].tensor.array[0, 1]
    order = np.argsort(up)
    chosen = order[np.linspace(0, len(order) - 1, SHOWN).astype(int)]
    relu, gelu = F.relu(ag.tensor(up)).array, F.gelu(ag.tensor(up)).array
    report.step("What an activation mutes and what it lets pass", "r = ReLU(h): h where h > 0, else 0")
    report.matrix(
        f"h = W_1 x̃ + b_1 of “{word}”, {SHOWN} of {len(up)} hidden units, from the smallest to the largest",
        np.column_stack([up, relu, gelu])[chosen],
        [f"unit {i}" for i in chosen],
        ["h", "ReLU(h)", "GELU(h)"],
    )
    report.say(
        f"ReLU mutes the {(up <= 0).sum()} of {len(up)} units that are not above 0 and passes the others on "
        "unchanged. GELU, which this model has, does so softly. W_2 then recombines what is left."
    )


def show_matrices(report: Report, model: GPT) -> None:
    """Which matrix is which: W_E, W_O and W_out are three different things, two of them one matrix when tied."""
    report.step("W_E, W_O and W_out", "W_O ≠ W_E;  W_out = W_E where they are tied")
    rows = []
    for name, what, path in (
        ("W_E", "from a token's id to its vector", "transformer.wte.weight"),
        ("W_O", "mixes the heads of one block", "transformer.h.0.attn.c_proj.weight"),
        ("W_out", "from the last vector to a score for each token", "lm_head.weight"),
    ):
        owner, _, leaf = path.rpartition(".")
        parameter = getattr(model.get_submodule(owner), leaf)
        rows.append((name, what, " × ".join(map(str, parameter.shape)), path))
    report.table(["matrix", "what it does", "shape", "name in the state_dict"], rows)
    same = model.lm_head.weight is model.transformer.wte.weight
    report.say(f"W_out {'is W_E itself here: the two are tied' if same else 'is a matrix of its own here'}.")
