"""Numbers that were published in articles on transformers, which the demos show beside those that are computed here."""

from typing import Any, NamedTuple

import numpy as np


class Published(NamedTuple):
    """What was published, as it was written, so the decimals are those that must be met; or why they are not."""

    what: str
    text: str
    why: str = ""


def as_published(text: str, values: Any) -> str:
    """The values with as many decimals as the published text has."""
    decimals = len(text.split()[0].partition(".")[2])
    return " ".join(f"{v:.{decimals}f}" for v in np.atleast_1d(values))


def listed(text: str) -> str:
    """Several numbers with commas between them; any other text as it is."""
    parts = text.split()
    return ", ".join(parts) if all(part.strip("+-~.")[:1].isdigit() for part in parts) else text


BY_HAND = (
    'P. K. Varanasi, "GPT Has No Idea What Words Mean. That\'s the Whole Point." (DEV Community)'  # of six_sentences.py
)
LEARNS = '"How It Learns", a chapter on the training loop of a calculator in words'
NEURONS = 'Z. Li, "Neural Network, Transformer and GPT" (lzwjava), after M. Nielsen'
RANDOM = '"W_Q, W_K, W_V started as random numbers", part 6 of a series on GPT'

# Of LEARNS: what demos/calculator.py trains, and what demos/training.py computes
CALCULATOR = (
    Published(
        "answer before training",
        "seventy",
        "an untrained model knows no answer; its output is tied to the embedding, so it leans to the word read last",
    ),
    Published("answer after training", "five"),
    Published("P(five) after training, %", "94", "published after 1,000 examples; here after {seen:,}"),
    Published("loss after training", "0.06", "likewise"),
    Published("time of training", "minutes"),
    Published(
        "blame: tokenizer, embedding, attention, output, %",
        "5 15 30 50",
        "an illustration; here the norm of each stage's gradient is measured, a tokenizer has no weights to blame, and "
        "the feed-forward layers, which are not named, have {mlp:.0%}",
    ),
    Published("weights", "~100K"),
    Published("examples", "~15K"),
)
# What demos/training.py computes, of LEARNS and of RANDOM
ARITHMETIC = {
    LEARNS: (
        Published("loss at P = 0.42", "0.87"),
        Published("loss at P = 0.35", "1.05"),
        Published("loss at P = 0.94", "0.06"),
        Published("0.5 after a step at gradient 0.1 and rate 0.01", "0.499"),
    ),
    RANDOM: (
        Published("loss at P = 0.02", "3.912"),
        Published("loss at P = 0.45", "0.799"),
        Published("loss at P = 0.80", "0.223"),
        Published("loss at P = 0.99", "0.010"),
        Published("gradient at spicy", "-0.55"),
        Published("change of the loss at gradient 0.023 by a nudge of 0.001", "0.000023"),
        Published("change of the weight at gradient 0.023 and rate 0.0001", "-0.0000023"),
    ),
}
COUNTS = (
    Published(
        "GPT-2 small: layers, d_model, weights",
        "12 768 117M",
        "the report on GPT-2 miscounted, as its authors said later; these are the weights that they published",
    ),
    Published("GPT-2 large: layers, d_model, weights", "36 1280 774M"),
    Published("GPT-3: layers, d_model, weights", "96 12288 175B"),
)
COURSE = (
    Published("learning rate", "0.0001 to 0.00003", "so few weights learn in so few steps only at a larger rate"),
    Published(
        "gradients early and late",
        "large, then small",
        "what all batches have in common does fall, by {fall:.0%}; what is a batch's own grows, and with the weights, "
        "{growth:.1f} times as large, what they hand on",
    ),
)

# Of NEURONS: what demos/neurons.py trains
DIGITS = (
    Published("numbers of a picture", "784 = 28*28"),
    Published("values of a pixel", "0 to 255"),
    Published("weights and biases of 784-10", "784 * 10 + 10"),
    Published("pictures to learn from, to test", "1000 100"),
    Published(
        "read right of 100",
        "97",
        "published as an example of what an accuracy is; {learn:,} pictures are few, and of {all:,} test pictures the "
        "two networks read {wide:.1%} and {deep:.1%} right",
    ),
)
