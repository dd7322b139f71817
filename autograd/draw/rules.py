"""What operations compute and how their gradients flow, as formulas and in words, for those who look at a picture.

The formulas of tensors are the rules of the table themselves, read from their source: so they are what runs.
"""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from functools import cache
from types import CodeType
from typing import Any, NamedTuple

from autograd.batching_rules import ELEMENTWISE
from autograd.ops.entry import Op
from autograd.scalar import Value

WORDS = {
    "add": "A sum passes the upstream gradient on to each operand as it is.",
    "sub": "The first operand gets the upstream gradient as it is, the second one its negative.",
    "mul": "Each factor gets the upstream gradient times the other factor.",
    "div": "The numerator gets upstream over the denominator; the denominator that times minus the quotient.",
    "pow": "The base gets the upstream gradient times exponent times base to the power one less.",
    "neg": "The sign of the gradient turns.",
    "exp": "The upstream gradient times the result: exp is its own derivative.",
    "log": "The upstream gradient over the operand: a small operand makes a large gradient.",
    "sqrt": "The upstream gradient over twice the result; it grows without bound near 0.",
    "tanh": "The upstream gradient times 1 - tanh²: nothing flows back where tanh is near -1 or 1.",
    "sigmoid": "The upstream gradient times s (1 - s), at most a quarter.",
    "relu": "The gradient passes where the operand is positive, and stops where it is not.",
    "gelu": "Nearly all of the gradient passes where the operand is positive, next to nothing where it is negative.",
    "sin": "The upstream gradient times the cosine.",
    "cos": "The upstream gradient times minus the sine.",
    "abs": "The gradient passes with the sign of the operand.",
    "sum": "Each element that was added gets the upstream gradient as it is.",
    "mean": "Each of the n elements gets an n-th of the upstream gradient.",
    "dot": "Each weight gets the upstream gradient times its input, each input times its weight.",
    "maximum": "The gradient goes to the larger operand; where they tie, half to each.",
    "matmul": "Each matrix gets the upstream gradient times the transpose of the other one.",
    "linear": "The weight gets upstreamᵀ x, x gets upstream times the weight, and the bias the sum of the rows.",
    "softmax": "Each logit gets p times (upstream minus the mean of upstream under p): raising one lowers the others.",
    "log_softmax": "Each logit gets its upstream gradient minus its probability times the sum of all of them.",
    "cross_entropy_rows": "Each logit gets its probability, minus 1 where the target is, times the upstream gradient.",
    "layer_norm": "The gradient loses its mean and its part along the normalised x, and is divided by the deviation.",
    "rms_norm": "The gradient loses its part along x, and is divided by the root mean square.",
    "embedding": "Each row gets the sum of the gradients of all places where it was looked up; other rows get 0.",
    "getitem": "What was selected gets the gradient, the rest 0.",
    "reshape": "The gradient takes the old shape back.",
    "permute": "The gradient is permuted back.",
    "dropout": "The gradient passes where the element was kept, with the same factor.",
    "fused_attention": "V gets the weights times upstream; through softmax, Q and K get the rest.",
    "split_heads": "The gradients of the heads are put side by side again.",
    "merge_heads": "The gradient is split into heads again.",
    "concatenate": "Each part gets its part of the gradient.",
    "split_at": "The gradients of the parts are put together again.",
    "unbind": "The gradients of the slices are put together again.",
    "expand": "An element that was repeated gets the sum of the gradients of its copies.",
    "repeat": "An element that was repeated gets the sum of the gradients of its copies.",
    "where": "Each place of the gradient goes to the operand that was taken there; the other one gets 0.",
    "masked_fill": "The gradient stops where the mask filled in, and passes elsewhere.",
    "tril": "The gradient stops where elements were set to 0.",
    "triu": "The gradient stops where elements were set to 0.",
    "copy_slices": "What was written gets the gradient of its place, and the base gets 0 there.",
    "contract": "Each operand gets the upstream gradient times all others, summed over the indices that it lacks.",
    "convolution": "The input gets upstream slid over the flipped weight, the weight upstream slid over the input.",
    "max_pool": "The largest element of each window gets its gradient, the others 0.",
    "batch_norm": "Over the deviation; in training it also loses its mean, and its part along the normalised x.",
    "recurrent_layer": "The gradient goes back through time, step by step; the weights get the sum over all steps.",
    "silu": "The upstream gradient times s + x s (1 - s), where s is the sigmoid of x.",
    "square": "The upstream gradient times twice the operand.",
    "var": "Each element gets the upstream gradient times twice its distance from the mean, over n or n - 1.",
    "amax": "The largest element gets the gradient; where several tie, each gets an equal share.",
    "amin": "The smallest element gets the gradient; where several tie, each gets an equal share.",
    "logsumexp": "Each element gets the upstream gradient times its softmax.",
    "vector_norm": "The upstream gradient along x: times x over the norm.",
    "cumsum": "Each element gets the sum of the gradients of all sums that it is part of.",
    "bce_with_logits": "Each logit gets its probability minus the target, times the upstream gradient.",
    "rotary": "The gradient is rotated back.",
    "cast": "The gradient takes the old dtype back.",
    "clone": "The gradient passes as it is.",
}
ELSEWHERE = "Each element gets its upstream gradient times the derivative there."  # for other elementwise operations
VALUES = {  # of Value: its name in WORDS, what it computes, and the local derivative of each operand
    "+": ("add", "a + b", "1", "1"),
    "-": ("sub", "a - b", "1", "-1"),
    "*": ("mul", "a b", "b", "a"),
    "/": ("div", "a / b", "1 / b", "-a / b²"),
    "**": ("pow", "a to the power b", "b a**(b - 1)", "a**b log a"),
    "neg": ("neg", "-a", "-1"),
    "abs": ("abs", "|a|", "sign a"),
    "exp": ("exp", "e to the power a", "exp a"),
    "log": ("log", "the natural logarithm of a", "1 / a"),
    "sqrt": ("sqrt", "the square root of a", "1 / (2 sqrt a)"),
    "sin": ("sin", "the sine of a", "cos a"),
    "cos": ("cos", "the cosine of a", "-sin a"),
    "tanh": ("tanh", "the hyperbolic tangent of a", "(1 - tanh² a)"),
    "sigmoid": ("sigmoid", "1 / (1 + exp -a)", "s (1 - s)"),
    "relu": ("relu", "a where it is positive, else 0", "(1 if a > 0, else 0)"),
    "gelu": ("gelu", "a times the share of a normal distribution below a", "(Φ(a) + a φ(a))"),
    "maximum": ("maximum", "the larger of a and b", "(1 if a > b)", "(1 if b > a)"),
    "sum": ("sum", "the sum of all operands", "1"),
    "dot": ("dot", "the sum of the products of weights and inputs", "the input, or the weight"),
}


class Rule(NamedTuple):
    """What an operation computes, how its gradient flows, in words, and (operand, formula) for each."""

    says: str
    words: str
    rules: tuple[tuple[str, str], ...]


def rule_of(node: Any) -> Rule | None:
    """The rule of the operation at a node; None for a leaf."""
    if isinstance(node, Value):
        return _of_value(node.op) if node.op else None
    if node.op is None:
        return None
    if not isinstance(node.op, Op):
        return Rule((type(node.op).__doc__ or node.name).strip().partition("\n")[0], "", ())
    return _of_op(node.op)


def _of_value(name: str) -> Rule:
    if name.startswith("**") and name != "**":
        return Rule(f"a to the power {name[2:]}", WORDS["pow"], (("a", f"g × {name[2:]} a**({name[2:]} - 1)"),))
    known, says, *local = VALUES.get(name, (name, name))
    return Rule(says, WORDS.get(known, ""), tuple((arg, f"g × {text}") for arg, text in zip("ab", local)))


@cache
def _of_op(op: Op) -> Rule:
    doc = " ".join((op.forward.__doc__ or op.name).strip().partition("\n\n")[0].split())
    rules = [(arg, _formula(rule[0])) for arg, rule in zip(op.args, op.rules) if rule]
    if op.grads:
        rules = [(", ".join(op.differentiable), _formula(op.grads[0]))]
    words = WORDS.get(op.name, ELSEWHERE if op.forward.__module__ in ELEMENTWISE else "")
    return Rule(doc, words, tuple((arg, text) for arg, text in rules if text))


def _formula(rule: Callable) -> str:
    """What a rule computes, as its source says it."""
    code = rule.__code__
    for found in ast.walk(_parsed(code.co_filename)):
        if getattr(found, "lineno", 0) != code.co_firstlineno:
            continue
        if isinstance(found, ast.FunctionDef) and found.name == code.co_name:
            body = found.body[1:] if ast.get_docstring(found) else found.body
            return "\n".join(map(ast.unparse, body)).removeprefix("return ")
        if isinstance(found, ast.Lambda) and _is_within(code, found.body):
            return ast.unparse(found.body)
    return ""


def _is_within(code: CodeType, body: ast.expr) -> bool:
    """Is all that the code computes written in this expression? There may be several rules on one line."""
    first, last = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
    places = [place for place in code.co_positions() if None not in place and place[2:] != (0, 0)]
    return all(first <= (line, column) and (end, stop) <= last for line, end, column, stop in places)


@cache
def _parsed(file: str) -> ast.Module:
    return ast.parse("".join(linecache.getlines(file)))
