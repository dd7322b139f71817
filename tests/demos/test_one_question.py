"""One question of the calculator: its loss, blame and attention are those of the model, which stays as it is."""

import copy
import math

import numpy as np
import pytest

import autograd as ag
from demos.calculator import IS, Calculator, tokenizer
from demos.data.published import CALCULATOR
from demos.one_question import look, one_step, show_looks, show_published, untied
from demos.report import Report
from demos.watch import STAGES, blame
from models.config import GPTConfig
from models.gpt import GPT

PROMPT, ANSWER = f"two plus three {IS}", "five"


@pytest.fixture
def calculator():
    ag.manual_seed(0)
    return Calculator(GPT(GPTConfig(36, block_size=16, n_layer=2, n_head=2, n_embd=16)).double(), tokenizer())


def test_a_look_has_the_probabilities_of_the_model_and_leaves_it_as_it_was(calculator):
    model, tokens = calculator
    state = copy.deepcopy(model.state_dict())
    found = look(model, tokens, PROMPT, ANSWER)
    p = model(ag.tensor([tokens.encode(PROMPT)]))[0, -1].softmax(dim=-1).detach().array
    assert found.p == pytest.approx(p[tokens.encode(ANSWER)[0]]) and found.loss == pytest.approx(-math.log(found.p))
    assert [probability for _, probability in found.likeliest] == pytest.approx(np.sort(p)[::-1][:3])
    assert sum(found.shares) == pytest.approx(1) and len(found.shares) == len(STAGES)
    assert all(np.array_equal(state[name].array, now.array) for name, now in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_tied_matrix_has_a_gradient_for_each_of_its_uses_which_add_up(calculator):
    model, tokens = calculator
    ids, target = ag.tensor([tokens.encode(PROMPT)]), ag.tensor([tokens.encode(f"plus three {IS} {ANSWER}")])
    twin = untied(model)
    for one in (model, twin):
        one.loss(ids, target).backward()
    parts = [twin.transformer.wte.weight.grad, twin.lm_head.weight.grad]
    np.testing.assert_allclose(parts[0].array + parts[1].array, model.transformer.wte.weight.grad.array, atol=1e-12)
    assert all(np.abs(part.array).max() > 1e-3 for part in parts) and blame(twin)[3] > blame(model)[3]


def test_one_step_on_the_question_makes_its_answer_likelier(calculator):
    before, after = look(*calculator, PROMPT, ANSWER), one_step(*calculator, PROMPT, ANSWER)
    assert after.p > before.p and after.loss < before.loss


def test_the_operation_cannot_look_at_what_follows_it_and_the_place_of_the_answer_can(calculator, tmp_path, capsys):
    show_looks(Report("r"), *calculator, f"{PROMPT} {ANSWER}", "plus", IS, tmp_path / "looks.png")
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("    layer")]
    from_plus, from_answer = (np.array([line[4:] for line in part], float) for part in (lines[:4], lines[4:]))
    assert from_plus.shape == from_answer.shape == (4, 5)
    assert not from_plus[:, 2:].any() and from_answer[:, :4].all() and not from_answer[:, 4].any()
    assert (tmp_path / "looks.png").read_bytes().startswith(b"\x89PNG")


def test_every_published_number_has_one_beside_it(calculator, capsys):
    found = look(*calculator, PROMPT, ANSWER)
    show_published(Report("r"), found, found, 1000, 103_424, 15_722, "2.0 minutes")
    text = capsys.readouterr().out
    assert all(row.what in text for row in CALCULATOR)
    assert "after 1,000" in text and f"{found.shares[2]:.0%}" in text and "none" in text
