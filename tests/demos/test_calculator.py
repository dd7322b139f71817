"""The calculator demo: what is learned from a row, how answers are counted, and what people get who ask."""

import pytest

import autograd as ag
from demos.calculator import SIZES, Calculator, Data, operation, reply, shares, tokenizer, true_answer
from demos.data.numbers import Example, calculator_examples
from models.config import GPTConfig
from models.gpt import GPT
from models.inventory import parameter_count
from nn import optim


@pytest.fixture
def small_model():
    ag.manual_seed(0)
    return Calculator(GPT(GPTConfig(36, block_size=16, n_layer=1, n_head=2, n_embd=16)), tokenizer())


def test_it_has_about_100_000_weights():
    assert 90_000 < parameter_count(GPTConfig(tokenizer().vocab_size, **SIZES)) < 110_000


def test_the_longest_row_fits_into_the_context():
    data = Data.encode(calculator_examples(), tokenizer())
    assert data.x.shape == data.y.shape == (15_722, 11)
    assert data.x.shape[1] <= SIZES["block_size"]


def test_a_row_learns_the_words_of_its_answer_and_the_end_alone():
    tokens = tokenizer()
    data = Data.encode(
        [Example("two plus three", "five"), Example("sixty plus sixty", "one hundred and twenty")], tokens
    )
    assert tokens.decode(data.x[0]) == "two plus three <is> five <pad> <pad> <pad>"
    assert [tokens.decode([i]) if i >= 0 else "" for i in data.y[0]] == ["", "", "", "five", "<end>", "", "", ""]
    assert tokens.decode(data.x[1]) == "sixty plus sixty <is> one hundred and twenty"
    assert [tokens.decode([i]) if i >= 0 else "" for i in data.y[1]] == [
        *3 * [""],
        *"one hundred and twenty <end>".split(),
    ]


def test_each_question_of_a_batch_has_the_answer_that_it_has_alone(small_model):
    questions = [
        "two plus three",
        "forty two minus seven",
        "one times one",
        "ninety nine plus ninety nine",
        "six plus ten",
    ]
    together = small_model.answers(questions)
    assert together == [small_model.answers([question])[0] for question in questions]


def test_a_model_that_learned_a_few_answers_gives_them_exactly(small_model):
    tokens = tokenizer()
    examples = [Example("two plus three", "five"), Example("sixty plus sixty", "one hundred and twenty")]
    data, optimizer = Data.encode(examples, tokens), optim.Adam(small_model.model.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        small_model.model.loss(*data.rows(slice(None))).backward()
        optimizer.step()
    assert small_model.answers([example.question for example in examples]) == ["five", "one hundred and twenty"]
    assert reply(small_model, "Two plus THREE?") == "five"


def test_shares_count_exact_answers_by_operation():
    examples = [Example("two plus three", "five"), Example("two plus two", "four"), Example("two times two", "four")]
    assert shares(examples, ["five", "four four", "four"]) == {"plus": 0.5, "times": 1.0}
    assert operation("forty two minus seven") == "minus"


@pytest.mark.parametrize(
    ("question", "number"),
    [("two plus three", 5), ("Forty-two minus seven?", 35), ("six times seven", 42), ("two minus three", -1)],
)
def test_the_true_answer_is_that_of_arithmetic(question, number):
    assert true_answer(question) == number


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("two plus pizza", "unknown word 'pizza'"),
        ("2 plus 3", "unknown word '2'"),
        ("two three", "none of the words plus, minus, times"),
        ("plus three", "'' is not a number"),
        ("two plus three plus four", "'three plus four' is not a number"),
        ("two plus twenty twenty", "'twenty twenty' is not a number"),
    ],
)
def test_what_is_no_question_is_an_error_that_says_why(small_model, question, words):
    with pytest.raises(ValueError, match=words):
        reply(small_model, question)


@pytest.mark.parametrize("question", ["two minus three", "fifty times fifty", "one hundred plus one"])
def test_a_question_beyond_those_learned_is_answered_with_a_warning(small_model, question):
    assert f"never learned such a question; {true_answer(question)} is right" in reply(small_model, question)


def test_a_wrong_answer_is_said_to_be_wrong(small_model):
    (given,) = small_model.answers(["two plus three"])
    assert given != "five" and reply(small_model, "two plus three") == f"{given} (wrong: it is five)"
