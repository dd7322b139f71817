import pytest

from demos.calculator import tokenizer
from demos.data.numbers import calculator_examples
from demos.lab import recipe


@pytest.fixture
def few_questions(monkeypatch):
    """The lab learns 600 questions and asks three, in place of all."""
    examples, tokens = calculator_examples(), tokenizer()
    parts = {seed: (tokens, examples[seed::26], examples[1 + seed :: 6000]) for seed in range(3)}
    monkeypatch.setattr(recipe, "questions", parts.__getitem__)
