"""The CTC loss against its definition: the sum over all alignments, one by one."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn.functional as F
from tests.properties.calls import examples


def collapsed(path, blank):
    return [label for label, _ in itertools.groupby(path) if label != blank]


@examples(60)
@given(data=st.data())
def test_the_loss_sums_over_all_alignments_and_has_its_derivatives(data):
    steps, classes = data.draw(st.integers(1, 4)), data.draw(st.integers(2, 3))
    blank = data.draw(st.integers(0, classes - 1))
    target = data.draw(st.lists(st.sampled_from([c for c in range(classes) if c != blank]), max_size=3))
    logits = ag.tensor(np.random.default_rng(data.draw(st.integers(0, 99))).normal(size=(steps, 1, classes)))
    logits.requires_grad_()

    def loss(logits):
        lengths = [steps], [len(target)]
        return F.ctc_loss(logits.log_softmax(-1), ag.tensor([target], dtype=ag.long), *lengths, blank, "sum")

    logp = logits.log_softmax(-1).detach().numpy()[:, 0]
    paths = [p for p in itertools.product(range(classes), repeat=steps) if collapsed(p, blank) == target]
    total = sum(np.exp(logp[np.arange(steps), p].sum()) for p in paths)
    found = loss(logits)
    if not paths:
        assert found.item() == np.inf
        return
    np.testing.assert_allclose(found.item(), -np.log(total), rtol=1e-9)
    assert ag.gradcheck(loss, [logits]) and ag.gradgradcheck(loss, [logits])


def test_targets_in_one_vector_are_those_of_the_rows():
    logp = ag.randn(6, 2, 4).log_softmax(-1)
    rows, vector = ag.tensor([[1, 2, 3], [3, 1, 0]]), ag.tensor([1, 2, 3, 3, 1])
    lengths = [6, 5], ag.tensor([3, 2])
    assert F.ctc_loss(logp, rows, *lengths).item() == F.ctc_loss(logp, vector, *lengths).item()
