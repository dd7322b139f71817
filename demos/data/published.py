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


BY_HAND = (
    'P. K. Varanasi, "GPT Has No Idea What Words Mean. That\'s the Whole Point." (DEV Community)'  # of six_sentences.py
)
LEARNS = '"How It Learns", a chapter on the training loop of a calculator in words'
RANDOM = '"W_Q, W_K, W_V started as random numbers", part 6 of a series on GPT'

# Of LEARNS: what demos/calculator.py trains, and what demos/training.py computes
CALCULATOR = (
    Published("answer before training", "seventy", "untrained is untrained: any word can be the likeliest"),
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
ARITHMETIC = (
    Published("loss at P(five) = 0.42", "0.87"),
    Published("loss at P(five) = 0.35", "1.05"),
    Published("loss at P(five) = 0.94", "0.06"),
    Published("0.5 after a step at gradient 0.1 and rate 0.01", "0.499"),
)
