"""A GPT of 4,192 parameters in scalars, on names: one layer, 4 heads, width 16, context 16; a name a step; Adam.

The model is that of Karpathy's microgpt (2026): RMSNorm, ReLU, no biases. The names are those of out/bench/names.txt,
one a line, where there is such a file; otherwise they are made of syllables. micrograd has neither exp nor log, so
it is given both, in its own manner.
"""

import math
import random
import sys

from benchmarks.timing import ROOT, Row

WIDTH, HEADS, CONTEXT, LETTERS = 16, 4, 16, "abcdefghijklmnopqrstuvwxyz"
END = len(LETTERS)  # the token around a name
LR, B1, B2, EPS = 0.01, 0.85, 0.99, 1e-8
ROWS = [
    Row(
        f"scalar GPT of 4,192 parameters, {text}",
        "names",
        ("numpy", "micrograd"),
        {"how": how},
        steps=1,
        turns=6,
        at_most={"micrograd": limit},
        loss_within=1e-9,
    )
    for how, text, limit in (("ops", "op by op", 0.5), ("dot", "with n-ary sum and dot", 0.5))
]


def names(count=200):
    """Names in lower case."""
    file = ROOT / "out" / "bench" / "names.txt"
    if file.exists():
        found = [line.strip().lower() for line in file.read_text().splitlines()]
        return [name for name in found if name and set(name) <= set(LETTERS)][:count]
    rng = random.Random(0)
    starts, middles, ends = (
        "a be ca da e fi jo ka le ma no o ra sa ti vi".split(),
        "na li ri do ",
        ["n", "ra", "el", "a"],
    )
    return [rng.choice(starts) + rng.choice(middles.split(" ")) + rng.choice(ends) for _ in range(count)]


def start():
    """Every matrix (out, in) as lists of floats from N(0, 0.08^2)."""
    rng = random.Random(42)
    shapes = {"wte": (END + 1, WIDTH), "wpe": (CONTEXT, WIDTH), "lm_head": (END + 1, WIDTH)}
    shapes |= dict.fromkeys(("q", "k", "v", "o"), (WIDTH, WIDTH))
    shapes |= {"up": (4 * WIDTH, WIDTH), "down": (WIDTH, 4 * WIDTH)}
    return {name: [[rng.gauss(0, 0.08) for _ in range(n)] for _ in range(m)] for name, (m, n) in shapes.items()}


def loss_of(w, tokens, add, dot, exp, log):
    """The mean cross-entropy of each next token; `add` takes a list, `dot` two lists, `exp` and `log` a scalar."""

    def linear(x, matrix):
        return [dot(row, x) for row in matrix]

    def softmax(scores):
        top = max(s.data for s in scores)
        powers = [exp(s - top) for s in scores]
        share = add(powers) ** -1
        return [power * share for power in powers]

    def norm(x):
        scale = (dot(x, x) * (1 / len(x)) + 1e-5) ** -0.5
        return [xi * scale for xi in x]

    size = WIDTH // HEADS
    keys, values, losses = [], [], []
    for position, (token, target) in enumerate(zip(tokens, tokens[1:])):
        x = norm([a + b for a, b in zip(w["wte"][token], w["wpe"][position])])
        h = norm(x)
        q = linear(h, w["q"])
        keys.append(linear(h, w["k"]))
        values.append(linear(h, w["v"]))
        heads = []
        for head in (slice(i, i + size) for i in range(0, WIDTH, size)):
            weights = softmax([dot(q[head], k[head]) * size**-0.5 for k in keys])
            heads += [dot(weights, column) for column in zip(*(v[head] for v in values))]
        x = [a + b for a, b in zip(linear(heads, w["o"]), x)]
        h = [xi.relu() for xi in linear(norm(x), w["up"])]
        x = [a + b for a, b in zip(linear(h, w["down"]), x)]
        losses.append(-log(softmax(linear(x, w["lm_head"]))[target]))
    return add(losses) * (1 / len(losses))


def _stepper(value, **functions):
    w = {name: [list(map(value, row)) for row in matrix] for name, matrix in start().items()}
    parameters = [p for matrix in w.values() for row in matrix for p in row]
    means, squares = [0.0] * len(parameters), [0.0] * len(parameters)
    documents, count = names(), [0]

    def step():
        name = documents[count[0] % len(documents)][: CONTEXT - 1]
        count[0] += 1
        loss = loss_of(w, [END, *map(LETTERS.index, name), END], **functions)
        loss.backward()
        for i, p in enumerate(parameters):
            means[i] = B1 * means[i] + (1 - B1) * p.grad
            squares[i] = B2 * squares[i] + (1 - B2) * p.grad**2
            mean, square = means[i] / (1 - B1 ** count[0]), squares[i] / (1 - B2 ** count[0])
            p.data -= LR * mean / (math.sqrt(square) + EPS)
            p.grad = 0.0
        return loss.data

    return step


def _dot_by_ops(xs, ys):
    return sum(x * y for x, y in zip(xs, ys))


def ours(how):
    from autograd.scalar import Value

    add, dot = (sum, _dot_by_ops) if how == "ops" else (Value.sum, Value.dot)
    return _stepper(Value, add=add, dot=dot, exp=Value.exp, log=Value.log)


def micrograd(how):
    from micrograd.engine import Value

    sys.setrecursionlimit(10**6)  # its walk calls itself for each node

    def exp(x):
        out = Value(math.exp(x.data), (x,), "exp")

        def backward():
            x.grad += out.data * out.grad

        out._backward = backward
        return out

    def log(x):
        out = Value(math.log(x.data), (x,), "log")

        def backward():
            x.grad += out.grad / x.data

        out._backward = backward
        return out

    return _stepper(Value, add=sum, dot=_dot_by_ops, exp=exp, log=log)
