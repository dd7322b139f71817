"""The sections of a GPT's report: their figures are the model's, and any token is shown as text."""

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
from demos.sections import attention, chance, named, surprises, token_losses
from models.config import GPTConfig
from models.gpt import GPT
from models.tokenizers import CharTokenizer, WordTokenizer
from nn.report import Page

TEXT = 'to be, or not\nto be: <b>"that"</b> & the question'


class Run:
    """What a section asks of a Trainer."""

    def __init__(self, vocab_size, **sizes):
        ag.manual_seed(0)
        self.model = GPT(GPTConfig(vocab_size, 16, **{"n_layer": 2, "n_head": 2, "n_embd": 8, **sizes})).eval()


def shown(section, run):
    page = Page("t")
    with ag.no_grad():
        section(page, run)
    return page, [
        json.loads(text) for text in re.findall(r'<script type="application/json">(.*?)</script>', page.html())
    ]


@given(st.data())
def test_the_losses_of_the_tokens_that_count_have_the_loss_of_the_model_as_their_mean(data):
    run = Run(11)
    x = ag.tensor(data.draw(st.lists(st.lists(st.integers(0, 10), min_size=5, max_size=5), min_size=1, max_size=4)))
    y = ag.tensor([data.draw(st.lists(st.integers(-1, 10), min_size=5, max_size=5)) for _ in range(len(x))])
    y[0, 0] = 1
    with ag.no_grad():
        found = surprises(run.model, x, y)
        assert np.nanmean(found) == pytest.approx(run.model.loss(x, y).item(), rel=1e-5)
    assert (np.isnan(found) == (y.array < 0)).all()


def test_the_attention_of_every_head_of_every_layer_is_a_chart_whose_rows_add_up_to_1():
    tokens = CharTokenizer.train(TEXT)
    _, charts = shown(attention(tokens, "not to"), Run(tokens.vocab_size))
    assert [chart["title"] for chart in charts] == [f"Layer {i}, head {j}" for i in (1, 2) for j in (1, 2)]
    for chart in charts:
        values = np.array(chart["values"])
        assert chart["rows"] == chart["columns"] == ["n", "o", "t", "␣", "t", "o"]
        np.testing.assert_allclose(values.sum(1), 1, rtol=1e-5)
        assert (values == np.tril(values)).all() and chart["limits"] == [0, 1]


def test_text_is_shown_as_it_is_with_the_probability_of_each_token():
    tokens = CharTokenizer.train(TEXT)
    run, ids = Run(tokens.vocab_size), np.array([tokens.encode(TEXT[:17])])
    x, y = ag.tensor(ids[:, :-1]), ag.tensor(ids[:, 1:])
    page, _ = shown(token_losses(tokens, x, y), run)
    with ag.no_grad():
        p = run.model(x).softmax(-1).array[0, np.arange(16), ids[0, 1:]]
    spans = re.findall(r'<span[^>]*title="(.*?)">(.*?)</span>', page.html(), re.DOTALL)
    assert "".join(text for _, text in spans).replace("↵", "") == TEXT[:17]
    assert [note for note, _ in spans[1:]] == [f"loss {-np.log(q):.3f}, probability {q:.1%}" for q in p]
    worst = re.search(r"The worst tokens</caption>.*?</table>", page.html(), re.DOTALL)
    losses = [float(text) for text in re.findall(r"<td>(\d+\.\d{3})</td>", worst[0])]
    assert losses == sorted((round(float(-np.log(q)), 3) for q in p), reverse=True)[:12]


def test_of_a_question_the_tokens_that_do_not_count_and_the_padding_have_no_shade():
    tokens = WordTokenizer.train(
        "two plus five <is> <end> <pad>", punctuation=False, special=("<is>", "<end>", "<pad>")
    )
    ids = tokens.encode("two plus two <is> five <end> <pad>")
    x, y = ag.tensor([ids[:-1]]), ag.tensor([[-1, -1, -1, *ids[4:6], -1]])
    page, _ = shown(token_losses(tokens, x, y), Run(tokens.vocab_size))
    spans = re.findall(r'<span( style="[^"]*")? title="([^"]*)">(.*?)</span>', page.html())
    assert "".join(text for *_, text in spans) == "two plus two &lt;is&gt; five &lt;end&gt; "
    assert [bool(style) for style, *_ in spans] == [False] * 4 + [True] * 2
    assert [note for _, note, _ in spans[:4]] == ["the first token", "given", "given", "given"]


@pytest.mark.parametrize(("piece", "shown"), [(" ", "␣"), ("\n\n", "↵↵"), ("a b", "a b"), ("", "")])
def test_a_token_of_white_space_has_marks(piece, shown):
    assert named(piece) == shown


@pytest.mark.parametrize(("p", "shown"), [(1.0, "100.0%"), (0.125, "12.5%"), (1 / 4500, "1 in 4,500")])
def test_a_small_probability_is_one_in_so_many(p, shown):
    assert chance(float(-np.log(p))) == shown
