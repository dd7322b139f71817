import math

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from nn.layers import loss


def test_linear_has_pytorchs_shapes_repr_and_default_range():
    ag.manual_seed(0)
    layer = nn.Linear(100, 50)
    assert layer.weight.shape == (50, 100) and layer.bias.shape == (50,)
    weight = layer.weight.detach().numpy()
    assert 0.095 < np.abs(weight).max() <= 0.1 and abs(weight.std() - 0.1 / math.sqrt(3)) < 0.002
    assert np.abs(layer.bias.detach().numpy()).max() <= 0.1
    assert nn.Linear(2, 3, bias=False).bias is None
    assert repr(nn.Linear(2, 3, bias=False)) == "Linear(in_features=2, out_features=3, bias=False)"
    assert nn.Linear(2, 3, dtype=ag.float64, device="cpu").weight.dtype == ag.float64


def test_linear_and_bilinear_are_their_functions():
    x, y = ag.randn(4, 2), ag.randn(4, 3)
    linear, bilinear = nn.Linear(2, 5), nn.Bilinear(2, 3, 5)
    np.testing.assert_array_equal(linear(x).detach(), F.linear(x, linear.weight, linear.bias).detach())
    expected = F.bilinear(x, y, bilinear.weight, bilinear.bias)
    np.testing.assert_array_equal(bilinear(x, y).detach(), expected.detach())
    assert bilinear.weight.shape == (5, 2, 3) and bilinear.bias.shape == (5,)
    assert "in1_features=2, in2_features=3, out_features=5, bias=True" in repr(bilinear)


def test_negative_sizes_are_errors():
    with pytest.raises(ValueError, match="out_features must not be negative, got -1"):
        nn.Linear(2, -1)
    with pytest.raises(ValueError, match="in1_features must be positive"):
        nn.Bilinear(0, 1, 1)
    with pytest.raises(ValueError, match="padding_idx 3"):
        nn.Embedding(3, 2, padding_idx=3)


@pytest.mark.parametrize("shape", [(3, 0), (0, 2, 0)])
def test_a_linear_without_inputs_is_its_bias(shape):
    layer = nn.Linear(0, 2)
    nn.init.ones_(layer.bias)
    np.testing.assert_array_equal(layer(ag.zeros(*shape)).detach().numpy(), np.ones((*shape[:-1], 2)))


def test_embedding_starts_standard_normal_with_a_zero_padding_row():
    ag.manual_seed(0)
    layer = nn.Embedding(1000, 20, padding_idx=-1)
    weight = layer.weight.detach().numpy()
    assert not weight[999].any() and abs(weight[:999].std() - 1) < 0.02 and abs(weight.mean()) < 0.02
    assert layer.padding_idx == 999
    layer(ag.tensor([[999, 1]])).sum().backward()
    assert not layer.weight.grad.numpy()[999].any() and layer.weight.grad.numpy()[1].all()
    assert repr(nn.Embedding(3, 2, padding_idx=0)) == "Embedding(3, 2, padding_idx=0)"


def test_embedding_from_a_table_is_frozen_unless_asked():
    table = ag.tensor([[1.0, 2.0], [3.0, 4.0]])
    layer = nn.Embedding.from_pretrained(table)
    assert layer(ag.tensor([1])).tolist() == [[3.0, 4.0]] and not layer.weight.requires_grad
    assert nn.Embedding.from_pretrained(table, freeze=False).weight.requires_grad


def test_norms_start_as_plain_normalisation():
    x = ag.randn(3, 4, dtype=ag.float64)
    layer = nn.LayerNorm(4, dtype=ag.float64)
    np.testing.assert_allclose(layer(x).detach(), F.layer_norm(x, (4,)), rtol=1e-12)
    assert [n for n, _ in layer.named_parameters()] == ["weight", "bias"]
    assert nn.LayerNorm((2, 4))(ag.randn(3, 2, 4)).shape == (3, 2, 4)
    assert nn.LayerNorm(4, bias=False).bias is None and nn.LayerNorm(4, elementwise_affine=False).weight is None
    rms = nn.RMSNorm(4, dtype=ag.float64)
    np.testing.assert_allclose(rms(x).detach(), F.rms_norm(x, (4,)), rtol=1e-12)
    assert [n for n, _ in rms.named_parameters()] == ["weight"]
    assert repr(layer) == "LayerNorm((4,), eps=1e-05, elementwise_affine=True, bias=True)"


def test_dropout_drops_in_training_alone():
    layer = nn.Dropout(0.5)
    x = ag.ones(1000)
    dropped = layer(x).numpy()
    assert 350 < (dropped == 0).sum() < 650 and set(dropped) == {0.0, 2.0}
    assert layer.eval()(x) is x
    assert repr(layer) == "Dropout(p=0.5, inplace=False)"
    with pytest.raises(ValueError, match="between 0 and 1, but got 1.5"):
        nn.Dropout(1.5)


def test_a_layer_of_a_function_takes_its_inputs_by_name():
    x, y = ag.randn(2, 3), ag.randn(2, 3)
    assert nn.MSELoss()(input=x, target=y).item() == nn.MSELoss()(x, y).item()
    assert nn.Hardtanh(-0.5, 0.5)(input=x).tolist() == F.hardtanh(x, -0.5, 0.5).tolist()
    with pytest.raises(TypeError, match=r"Hardtanh.__init__\(\) got an unexpected keyword argument 'slope'"):
        nn.Hardtanh(slope=1)


def test_the_bases_of_losses_can_be_subclassed_as_in_pytorch():
    class Smooth(loss._WeightedLoss):
        def __init__(self, weight=None, reduction="mean", smoothing=0.1):
            super().__init__(weight=weight, reduction=reduction)
            self.smoothing = smoothing

        def forward(self, x, y):
            return F.cross_entropy(x, y, self.weight, reduction=self.reduction, label_smoothing=self.smoothing)

    x, y, weight = ag.randn(4, 3), ag.tensor([0, 2, 1, 1]), ag.tensor([1.0, 2.0, 3.0])
    ours, theirs = Smooth(weight, "sum"), nn.CrossEntropyLoss(weight, reduction="sum", label_smoothing=0.1)
    assert ours(x, y).equal(theirs(x, y)) and list(ours.state_dict()) == ["weight"]
    assert loss._Loss(size_average=False).reduction == "sum" and loss._Loss(None, None, "none").reduction == "none"
