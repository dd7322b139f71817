"""Inside a block: every shape on the way through 16 heads, and one word, "apple", in two senses, head by head.

First one block of d_model 1024, 16 heads of 64 and 4096 hidden units, step by step with named shapes, then its
variants: pre-LN and post-LN, ReLU, GELU and SwiGLU. Then a small GPT learns sentences in which an apple is a fruit or a
company. Three of its tokens are followed through a head, a norm and the hidden units, and the values and outputs of its
heads at that word are compared, sense with sense, layer by layer. The page out/heads/latest/heads.html has all of it.
"""

from __future__ import annotations

import itertools
from argparse import Namespace
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np

import autograd as ag
from autograd import Tensor
from demos import inside_block
from demos.common import at_least, check_heads, parser
from demos.data.apples import ANYBODY, APPLE, ENDS, FORMS, SENSES, WHO, beginning, contexts, corpus
from demos.pictures import heads as pictures
from demos.pictures.attention import attention_of
from demos.report import Report
from demos.runs import losses_of, run_and_draw
from demos.sections import attention
from demos.watch import stage, stages_of, watch
from models.block import Block, Stack
from models.config import GPTConfig
from models.gpt import GPT
from models.tokenizers import WordTokenizer
from nn import optim
from nn.report import RunReport
from nn.train import Trainer

BATCH, RATE = 32, 3e-3
BATCH_SIZE, TIME = 1, 3  # of the block whose shapes are shown: three tokens


# The shapes of a large block ------------------------------------------------------------------------------------------


def large_block(width: int, heads: int, hidden: int, activation: str, norm_first: bool) -> Block:
    """A block of these sizes, without the rest of a model, as a GPT starts with it."""
    config = GPTConfig(1, TIME, 1, heads, width, hidden, activation=activation, norm_first=norm_first)
    block = Stack(config).h[0]
    assert isinstance(block, Block)
    return block


def show_shapes(report: Report, width: int, heads: int, hidden: int) -> None:
    """The way through a pre-LN block with GELU, and where a post-LN block and SwiGLU differ."""
    sizes = {"B": BATCH_SIZE, "T": TIME, "C": width, "H": heads, "D": width // heads, "F": hidden}
    x = ag.randn(BATCH_SIZE, TIME, width)
    for title, activation, pre in (("pre-LN, GELU", "gelu", True), ("post-LN, SwiGLU", "swiglu", False)):
        report.step(f"One block, {title}: every shape on the way", "  ".join(f"{n}={s}" for n, s in sizes.items()))
        with ag.no_grad():
            block = large_block(width, heads, hidden, activation, pre)
            stages = stages_of(block, x)
        rows = [(s.name, " × ".join(map(str, s.tensor.shape)), s.axes, s.formula) for s in stages.values()]
        report.table(["stage", "shape", "axes", "formula"], rows)
        difference = np.abs((stages["A"].tensor @ stages["V"].tensor - stages["heads"].tensor).array).max()
        report.say(
            "The block computes A V in one step and never forms S and A, which are worked out here from Q and K; "
            f"A V with this A differs from the block's by at most {difference:.1g}."
        )
    report.say("B batch, T time, C channels (d_model), H heads, D head size, F hidden units.")


def variants(width: int, heads: int, hidden: int) -> list[tuple[str, str, int, float, list[float]]]:
    """Of each variant: its weights, its share of hidden units at 0, the stream's size after 0, 1, 4 and 12 passes."""
    x, lines = ag.randn(BATCH_SIZE, TIME, width), []
    for pre, activation in itertools.product((True, False), ("relu", "gelu", "swiglu")):
        with ag.no_grad():
            block = large_block(width, heads, hidden, activation, pre)
            zero = float((stages_of(block, x)["active"].tensor.array == 0).mean())
            stream, size = x, [_rms(x)]
            for _ in range(12):
                stream = block(stream)
                size.append(_rms(stream))
        count = sum(p.numel() for p in block.parameters())
        lines.append(("pre-LN" if pre else "post-LN", activation, count, zero, [size[n] for n in (0, 1, 4, 12)]))
    return lines


def _rms(x: Tensor) -> float:
    return float(np.sqrt((x.array.astype(float) ** 2).mean()))


def show_variants(report: Report, width: int, heads: int, hidden: int) -> None:
    """Pre-LN and post-LN, ReLU, GELU and SwiGLU, side by side."""
    report.step("The variants of the block", "pre-LN: y = x + f(LN(x))      post-LN: y = LN(x + f(x))")
    found = variants(width, heads, hidden)
    rows = [(n, a, f"{count:,}", f"{zero:.1%}", *(f"{s:.2f}" for s in sizes)) for n, a, count, zero, sizes in found]
    report.table(["norm", "activation", "weights", "hidden at 0", "|x|", "after 1", "after 4", "after 12"], rows)
    report.say(
        "|x| is the root mean square of the stream, which passes through the same block again and again. With pre-LN "
        "the stream is a sum that grows, with post-LN every block ends at size 1. ReLU leaves half of the hidden units "
        "at exactly 0; SwiGLU has a third matrix and with it more weights."
    )


# One word in two senses -----------------------------------------------------------------------------------------------


def train(
    model: GPT, ids: np.ndarray, steps: int, rng: np.random.Generator, report: RunReport | None = None
) -> list[float]:
    """AdamW on sentences (N, 10) drawn at random; Ctrl-C ends it early. Returns the losses in nats."""

    def batch() -> tuple[Tensor, Tensor]:
        drawn = ids[rng.integers(0, len(ids), BATCH)]
        return ag.tensor(drawn[:, :-1]), ag.tensor(drawn[:, 1:])

    optimizer = optim.AdamW(model.parameters(), lr=RATE)
    trainer = Trainer(
        model,
        optimizer,
        lambda m, xy: m.loss(*xy),
        batch,
        steps=steps,
        report=report or False,
        classes=model.config.vocab_size,
    )
    return losses_of(trainer)


class Inside(NamedTuple):
    """What a model of L layers has at the word apple in N sentences."""

    values: np.ndarray  # (L, N, H, D)
    outputs: np.ndarray  # (L, N, H, D)
    attention: np.ndarray  # (L, N, H, T)
    stream: np.ndarray  # (L + 1, N, C)
    probabilities: np.ndarray  # (N, V)


def inside(model: GPT, ids: np.ndarray) -> Inside:
    """Values, outputs and attention of every head, and the stream between the blocks, at apple in sentences (N, 6)."""
    with ag.no_grad(), watch(model) as calls:
        logits = model(ag.tensor(ids))
    blocks = [f"transformer.h.{n}" for n in range(model.config.n_layer)]
    attention = [calls[f"{block}.attn.attention"] for block in blocks]
    stream = [calls[blocks[0]].args[0], *(calls[block].out for block in blocks)]

    def at_apple(tensors: list[Tensor]) -> np.ndarray:
        return np.stack([t.array[..., APPLE, :] for t in tensors])

    return Inside(
        at_apple([call.args[2] for call in attention]),
        at_apple([call.out for call in attention]),
        attention_of(model, ag.tensor(ids))[..., APPLE, :],
        at_apple(stream),
        logits[:, APPLE].softmax(dim=-1).array,
    )


def apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How far vectors are apart for their size, over the last axis: ‖a − b‖ / ½(‖a‖ + ‖b‖), from 0 to 2."""
    norm = np.linalg.norm
    return norm(a - b, axis=-1) / np.maximum((norm(a, axis=-1) + norm(b, axis=-1)) / 2, 1e-30)


def distances(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean distances of vectors (L, 128, ..., D) between the senses, and between two people of a sense: (L, ...).

    The sentences of a pair differ in one word, the person.
    """
    layers, _, *rest = vectors.shape
    v = vectors.reshape(layers, 2, 4, 16, *rest)
    across = np.mean([apart(v[:, 0, i], v[:, 1, j]) for i in range(4) for j in range(4)], axis=(0, 2))
    pairs = [(i, j) for i in range(4) for j in range(i)]
    within = np.mean([apart(v[:, s, i], v[:, s, j]) for s in range(2) for i, j in pairs], axis=(0, 2))
    return across, within


def show_pair(report: Report, model: GPT, tokens: WordTokenizer, ids: np.ndarray) -> Inside:
    """One pair of sentences: the vectors of every head at apple, what it looks at, what is expected next."""
    pair = inside(model, ids)
    texts = [tokens.decode(row) for row in ids]
    report.step("One word, two sentences", f"“{texts[0]} …”  and  “{texts[1]} …”")
    rows = [f"head {h} {sense}" for h in range(model.config.n_head) for sense in SENSES]
    for layer in range(model.config.n_layer):
        for name, array in (("V", pair.values), ("A V", pair.outputs)):
            vectors = array[layer].transpose(1, 0, 2).reshape(len(rows), -1)
            columns = [str(d) for d in range(vectors.shape[1])]
            report.matrix(f"Block {layer}: {name} of apple", vectors, rows, columns, digits=2)
    words = ["the", "WHO", *(tokens.tokens[i] for i in ids[0, 2:])]
    for layer, sense in itertools.product(range(model.config.n_layer), range(2)):
        names = [f"head {h}" for h in range(model.config.n_head)]
        title = f"Block {layer}: what apple looks at, {SENSES[sense]}"
        report.matrix(title, pair.attention[layer, sense], names, words, digits=2)
    report.step("What is expected after apple")
    firsts = [(sense, end.split()[0]) for sense in SENSES for end in ENDS[sense]]
    p = [[f"{pair.probabilities[s, tokens.encode(word)[0]]:.1%}" for s in range(2)] for _, word in firsts]
    report.table(["word", "in", *texts], [(word, sense, *line) for (sense, word), line in zip(firsts, p)])
    return pair


def show_spelling(report: Report, model: GPT, tokens: WordTokenizer) -> None:
    """apple and Apple: what each head sends, and what is expected after them, with and without a context that tells."""
    report.step("“apple” and “Apple”", "two tokens, each with an embedding of its own")
    lines = [beginning(who, 0, 0, form) for who in (ANYBODY[0], WHO["fruit"][0], WHO["company"][0]) for form in FORMS]
    found = inside(model, np.array([tokens.encode(line) for line in lines]))
    firsts = {sense: tokens.encode(" ".join(end.split()[0] for end in ENDS[sense])) for sense in SENSES}
    rows = [
        (f"{line} …", *(f"{p[firsts[sense]].sum():.0%}" for sense in SENSES))
        for line, p in zip(lines, found.probabilities)
    ]
    report.table(["beginning", *(f"goes on as a {sense}" for sense in SENSES)], rows)
    names = [f"block {n}" for n in range(len(found.values))]
    heads = [f"head {h}" for h in range(model.config.n_head)]
    spelled, told = (apart(found.values[:, 0], found.values[:, 1]), apart(found.values[:, 2], found.values[:, 4]))
    report.matrix(f"V of apple from V of Apple, after “the {ANYBODY[0]}”", spelled, names, heads)
    report.matrix(f"V of apple after “the {WHO['fruit'][0]}” from after “the {WHO['company'][0]}”", told, names, heads)
    report.say(
        "The spelling is in the embedding, so the values differ from the first block on: without a context that tells, "
        "Apple leans to the company and apple to the fruit. A person who tells the sense overrides the spelling."
    )


def show_distances(report: Report, before: Inside, after: Inside) -> None:
    """How far apart the senses are, layer by layer and head by head, against two sentences of one sense."""
    report.step("How far apart the senses are", "‖a − b‖ / ½(‖a‖ + ‖b‖): 0 equal, 1.41 orthogonal, 2 opposite")
    rows = []
    for when, found in (("untrained", before), ("trained", after)):
        across, within = distances(found.stream)
        places = ["embedding", *(f"after block {n}" for n in range(len(across) - 1))]
        rows += [(f"{when}, {place}", a, w) for place, a, w in zip(places, across, within)]
    report.table(["the stream at apple", "fruit/company", "within a sense"], rows)
    for name, array in (("V", after.values), ("A V", after.outputs)):
        across, within = distances(array)
        columns = [f"head {h}" for h in range(across.shape[1])]
        rows_ = [f"block {n} {what}" for n in range(len(across)) for what in ("fruit/company", "within")]
        both = np.stack([across, within], axis=1).reshape(len(rows_), -1)
        report.matrix(f"{name}, trained", both, rows_, columns)
    spread = np.ptp(after.values[0], axis=0).max()
    report.say(
        "Each number is a mean over all pairs of sentences that differ in the person alone. One may expect the value "
        "of apple to depend on its sense in every block, but in block 0 it cannot: there it is made of the word and "
        f"its place alone, before any head has looked around (over all 128 sentences it varies by {spread:.1g}). The "
        "senses part in the outputs A V of that block, by what apple looks at, and from there on in the values, too."
    )


def show(args: Namespace, folder: Path) -> tuple[list[float], Inside]:
    """Show the shapes, train, compare the senses. Returns the losses and what the trained model has at apple."""
    check_heads(args.width, args.heads)
    report = Report("Inside a block")
    ag.manual_seed(args.seed)
    show_shapes(report, args.width, args.heads, args.hidden)
    show_variants(report, args.width, args.heads, args.hidden)

    text = corpus()
    tokens = WordTokenizer.train(" ".join(text), lower=False)
    ids = np.array([tokens.encode(line) for line in text])
    model = GPT(GPTConfig(tokens.vocab_size, ids.shape[1] - 1, n_layer=3, n_head=4, n_embd=32))
    report.step(f"A small GPT learns {len(text)} sentences of {tokens.vocab_size} words")
    for line in (text[0], text[300], text[600], text[-1]):
        report.say(f"    {line}")
    everything = contexts(tokens).reshape(128, -1)
    before = inside(model, everything)
    looks = attention(tokens, tokens.decode(ids[0, :-1]))
    course = RunReport("The training of Inside a block", stage=stage, sections=[looks], file=folder / "report.html")
    losses = train(model, ids, args.steps, np.random.default_rng(args.seed), course)
    counts = np.array([*Counter(text).values()]) / len(text)
    best = -float((counts * np.log(counts)).sum()) / (ids.shape[1] - 1)  # which sentence it is, spread over its words
    report.say(
        f"Loss {losses[0]:.3f} at first, {losses[-1]:.3f} at last. At best it is {best:.3f}, since much is chance."
    )
    three = ids[0, :3]
    inside_block.show_rows(report, model, three, [tokens.tokens[i] for i in three])
    inside_block.show_norm(report, model, three, tokens.tokens[three[1]])
    inside_block.show_activation(report, model, three, tokens.tokens[three[1]])
    inside_block.show_matrices(report, model)
    show_pair(report, model, tokens, contexts(tokens)[:, 0, 0])
    after = inside(model, everything)
    show_distances(report, before, after)

    (values, _), (outputs, _) = distances(after.values), distances(after.outputs)
    streams = {"trained": distances(after.stream), "untrained": distances(before.stream)}
    pictures.distances(values, outputs, streams, folder / "distances.png")
    report.picture(folder / "distances.png", "how far apart the senses are, by block and head")
    pictures.senses(after.stream, SENSES, folder / "senses.png")
    report.picture(folder / "senses.png", "apple in 128 contexts, after each block")
    show_spelling(report, model, tokens)
    report.save(folder / "heads.html")
    return losses, after


def main(arguments: list[str] | None = None) -> tuple[list[float], Inside]:
    """Read the options, then show all of it."""
    options, count = parser(__doc__), at_least(1)
    options.add_argument("--width", type=count, default=1024, help="d_model of the block whose shapes are shown")
    options.add_argument("--heads", type=count, default=16, help="heads of that block")
    options.add_argument("--hidden", type=count, default=4096, help="hidden units of that block")
    options.add_argument("--steps", type=count, default=400, help="training steps on the sentences")
    return run_and_draw(options, arguments, show, "heads", result="heads.html")


if __name__ == "__main__":
    main()
