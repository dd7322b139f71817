"""Markers of functions: what they return is held against this library's own, or against what defines it."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd as ag
from exercises.checks import Wrong, as_arrays, check_value, kind, same, shown
from exercises.markers import marks
from nn import functional as F
from nn import optim
from nn.parameter import Parameter


@marks(
    "04_order",
    "Search from the root, depth first, and note a node when all that it was computed from has been noted. What order "
    "is that, read backwards?",
    "Keep a stack of (node, whether its parents have been put on the stack already) and a set of what was visited. "
    "Note a node when it comes off the stack for the second time, and reverse the list at the end.",
)
def order(answer: Any) -> None:
    """Each node once, before its parents; of deep graphs, too."""
    node, rng = answer.Node, np.random.default_rng(0)
    x = node()
    for root, what in (
        (x, "a node without parents"),
        (node(node(x)), "the chain x → a → c"),
        (node(x, x), "c = x · x, whose parents are twice the same node"),
        (_diamond(node), "the graph with x → a → c, x → b → c and b → a"),
    ):
        _check_order(answer, root, what)
    for _ in range(20):
        nodes = [node()]
        for _ in range(int(rng.integers(2, 12))):
            nodes.append(node(*(nodes[i] for i in rng.integers(0, len(nodes), rng.integers(1, 4)))))
        _check_order(answer, nodes[-1], f"a graph of {len(nodes)} nodes, drawn at random")
    deep = node()
    for _ in range(100_000):
        deep = node(deep)
    try:
        _check_order(answer, deep, "a chain of 100,000 nodes")
    except RecursionError:
        raise Wrong(
            "Right for small graphs. A chain of 100,000 nodes is too deep for a function that calls itself: Python "
            "stops it with a RecursionError. Keep the nodes that wait in a list of your own, as a stack."
        ) from None


def _diamond(node: Any) -> Any:
    x = node()
    b = node(x)
    return node(node(x, b), b)


def _check_order(answer: Any, root: Any, what: str) -> None:
    found = answer.backward_order(root)
    if not isinstance(found, list):
        raise Wrong(f"backward_order must return a list of nodes, but returned {kind(found)}.")
    place = {id(each): i for i, each in enumerate(found)}
    if len(place) < len(found):
        raise Wrong(
            f"For {what} a node is in the list twice. It would pass on its gradient twice: each node must be there "
            "once."
        )
    every, waiting = {id(root)}, [root]
    while waiting:
        child = waiting.pop()
        if id(child) not in place:
            raise Wrong(f"For {what} a node is missing from the list, which must hold the root and all its ancestors.")
        for parent in child.parents:
            if place.get(id(parent), len(found)) < place[id(child)]:
                raise Wrong(
                    f"For {what} a node comes after one of its parents. That parent would pass on its gradient before "
                    "the part that comes through this node has arrived."
                )
            if id(parent) not in every:
                every.add(id(parent))
                waiting.append(parent)
    if len(found) > len(every):
        raise Wrong(f"For {what} there are nodes in the list that the root was not computed from.")


@marks(
    "08_logsumexp",
    "log Σ exp(x) = m + log Σ exp(x − m) for any m. Which m makes sure that no exp can overflow and that not all are "
    "0?",
    "m is the largest number of each row. If that is infinite, x − m is nan: take 0 for m there.",
)
def logsumexp(answer: Any) -> None:
    """As defined, without overflow, with infinities."""
    rng, inf = np.random.default_rng(0), np.inf
    for n, m in ((1, 2), (2, 3), (3, 5)):
        x = rng.standard_normal((n, m))
        right = np.log(np.exp(x).sum(axis=-1))
        text = "The largest number was subtracted and has to be added again: log Σ exp(x) = m + log Σ exp(x − m)."
        slip = right - x.max(axis=-1)
        check_value(f"logsumexp({shown(x)})", answer.logsumexp(x.copy()), right, [(text, slip)])
    for row, why in (
        ([[1000.0, 1000.0]], "exp(1000) is infinite: subtract the largest number before exp, and add it after log."),
        ([[-1000.0, -1000.0]], "exp(-1000) is 0, and log(0) is -inf: subtract the largest number before exp."),
        ([[0.0, 1.0], [-1000.0, -1001.0]], "Each row needs its own largest number, not that of the whole array."),
        ([[-inf, 2.0]], "A number that is -inf adds nothing to the sum."),
        ([[-inf, -inf]], "All are -inf, so the largest is, too, and -inf − (-inf) is nan."),
        ([[inf, 2.0]], "The largest number is inf, and inf − inf is nan."),
    ):
        array = np.array(row)
        with np.errstate(all="ignore"):
            found = answer.logsumexp(array.copy())
        right = ag.logsumexp(ag.tensor(array), dim=-1).array
        try:
            check_value(f"logsumexp({shown(array)})", found, right)
        except Wrong as wrong:
            raise Wrong(f"{wrong}\n{why}") from None


@marks(
    "10_cross_entropy",
    "Take one example. A logit of a wrong class should go down, the more the more likely that class was thought to be.",
    "P − onehot, divided by the number of examples: the loss is their mean.",
)
def cross_entropy(answer: Any) -> None:
    """(P − onehot) / N."""
    rng = np.random.default_rng(0)
    for n, v in ((1, 3), (2, 3), (4, 5), (3, 10)):
        x, y = rng.standard_normal((n, v)), rng.integers(0, v, n)
        logits = ag.tensor(x, requires_grad=True)
        (gradient,) = ag.grad(F.cross_entropy(logits, ag.tensor(y)), logits)
        assert gradient is not None
        p, onehot = logits.softmax(dim=-1).detach().array, np.eye(v)[y]
        check_value(
            f"cross_entropy_gradient({shown(x)}, {shown(y)})",
            answer.cross_entropy_gradient(x.copy(), y.copy()),
            gradient.array,
            [
                ("This is the gradient of the sum of the losses. That of their mean is a part of it: divide by the "
                 "number of examples.", (p - onehot) * (1 if n > 1 else np.nan)),
                ("The sign is wrong: with this gradient a step downhill would make the right class less likely.",
                 (onehot - p) / n),
                ("These are P − onehot with the logits in place of P: softmax comes first.", (x - onehot) / n),
                ("These are the probabilities P, over N. At the right class 1 must be subtracted.", p / n),
            ],
        )  # fmt: skip
    large = np.array([[1000.0, 0.0]])
    with np.errstate(all="ignore"):
        found = answer.cross_entropy_gradient(large, np.array([0]))
    check_value(
        "cross_entropy_gradient([[1000, 0]], [0])",
        found,
        np.zeros((1, 2)),
        [("exp(1000) is infinite: subtract the largest logit of each row first. The probabilities stay the same.",
          np.array(found, float) if np.isnan(found).any() else np.nan)],
    )  # fmt: skip


@marks(
    "11_causal_mask",
    "Draw it for T = S = 3: the first row has one True, the last has three. np.tri and comparisons of np.arange make "
    "such shapes.",
    "Query i is token number i + S − T of the whole text, so it sees the keys j with j <= i + S − T.",
)
def causal_mask(answer: Any) -> None:
    """j <= i + S - T."""
    for t, s in ((1, 1), (2, 2), (3, 3), (5, 5), (1, 4), (2, 5), (3, 4)):
        i, j = np.arange(t)[:, None], np.arange(s)[None]
        right = j <= i + s - t
        (found,) = as_arrays(answer.causal_mask(t, s), ["the mask"], call := f"causal_mask({t}, {s})")
        if found.shape == right.shape and found.dtype != bool:
            raise Wrong(f"{call} returned numbers ({found.dtype}); the mask must be of booleans.")
        check_value(
            call,
            found,
            right,
            [
                ("True is to say that a query may look. This is the other way round: True where it may not.", ~right),
                ("A token may look at itself: what it predicts is the token after it.", j < i + s - t),
                ("This is the other triangle: it shows each token what follows it, and hides the past.",
                 j >= i + s - t),
                ("With more keys than queries, the queries are the last of the tokens; here they are taken for the "
                 "first.",
                 j <= i),
            ],
        )  # fmt: skip


@marks(
    "14_positions",
    "Make a table of angles (T, D/2) first: a row for each position, a column for each pair of features. np.arange(0, "
    "D, 2) is 2i.",
    "angles = pos / 10000 ** (np.arange(0, D, 2) / D); its sines go to columns 0, 2, 4, ... (table[:, 0::2]), its "
    "cosines to 1, 3, 5, ...",
)
def positions(answer: Any) -> None:
    """Sines and cosines, one after the other."""
    for t, d in ((1, 2), (3, 2), (2, 4), (5, 8), (12, 16)):
        right = F.sinusoidal_encoding(t, d).array
        angles = np.arange(t)[:, None] / 10000.0 ** (np.arange(0, d, 2) / d)
        single = np.arange(t)[:, None] / 10000.0 ** (np.arange(0, d // 2) / d)
        check_value(
            f"sinusoids({t}, {d})",
            answer.sinusoids(t, d),
            right,
            [
                ("All sines come first, then all cosines. In the table they take turns: sin, cos, sin, cos, ...",
                 np.concatenate([np.sin(angles), np.cos(angles)], axis=1)),
                ("Sine and cosine are the wrong way round: even columns are sines.",
                 np.stack([np.cos(angles), np.sin(angles)], axis=-1).reshape(t, d)),
                ("The exponent is 2i/D, where the columns of a pair are 2i and 2i + 1; here it is i/D.",
                 np.stack([np.sin(single), np.cos(single)], axis=-1).reshape(t, d)),
            ],
        )  # fmt: skip


@marks(
    "15_adam",
    "Six lines, in the order of the formulas. m̂ and v̂ are for the update alone: what is kept are m and v.",
    "w − lr · (m / (1 − beta1**t)) / (np.sqrt(v / (1 − beta2**t)) + eps), with the new m and v.",
)
def adam(answer: Any) -> None:
    """Beside nn.optim.Adam, over several steps."""
    rng = np.random.default_rng(0)
    for size, lr, beta1, beta2, eps in (
        (1, 1e-3, 0.9, 0.999, 1e-8),
        (3, 0.1, 0.8, 0.9, 0.1),
        (4, 0.01, 0.5, 0.99, 1e-3),
    ):
        w = rng.standard_normal(size)
        parameter = Parameter(ag.tensor(w))
        optimizer = optim.Adam([parameter], lr=lr, betas=(beta1, beta2), eps=eps)
        m = v = np.zeros(size)
        for t in range(1, 5):
            g = rng.standard_normal(size)
            kept = [array.copy() for array in (w, g, m, v)]
            found = as_arrays(
                answer.adam_step(w, g, m, v, t, lr, beta1, beta2, eps), ["w", "m", "v"], f"adam_step in step {t}"
            )
            for name, array, old in zip("wgmv", (w, g, m, v), kept):
                if not same(array, old, 0):
                    raise Wrong(f"adam_step changed {name} in place (as += and -= do): compute new arrays.")
            m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
            check_value(f"In step {t}, the m of adam_step", found[1], m, [
                ("m is kept without the correction: m̂ is for the update alone.", m / (1 - beta1**t)),
            ])  # fmt: skip
            check_value(f"In step {t}, the v of adam_step", found[2], v, [
                ("v is kept without the correction: v̂ is for the update alone.", v / (1 - beta2**t)),
                ("v is the mean of the squares of the gradients.", beta2 * kept[3] + (1 - beta2) * g),
            ])  # fmt: skip
            m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
            parameter.grad = ag.tensor(g)
            optimizer.step()
            right = parameter.detach().array.copy()
            check_value(f"In step {t}, the w of adam_step", found[0], right, [
                ("Without the correction of m and v: both start at 0 and are too small in the first steps.",
                 w - lr * m / (np.sqrt(v) + eps)),
                ("ε is under the root; it must be added to √v̂.", w - lr * m_hat / np.sqrt(v_hat + eps)),
                ("The step goes uphill: it must be subtracted.", w + lr * m_hat / (np.sqrt(v_hat) + eps)),
            ])  # fmt: skip
            w = right
