"""`nn.lint` finds the mistakes of beginners in real programs that have them, and nothing in programs that have none."""

import numpy as np
import pytest

import autograd as ag
import nn
import nn.functional as F
from autograd.scalar import Value
from nn import optim
from nn.data import DataLoader, TensorDataset
from nn.linter import LintWarning
from nn.observation import Finding


def classifier(*middle, classes=4):
    return nn.Sequential(nn.Linear(6, 16), nn.ReLU(), *middle, nn.Linear(16, classes))


class Program:
    """A training program, right but for what a subclass changes."""

    def __init__(self):
        ag.manual_seed(0)
        self.x, self.y = ag.randn(32, 6), ag.randint(0, 4, (32,))
        self.model = self.build()
        self.optimizer = optim.SGD(self.parameters(), lr=0.1)
        self.total = 0.0

    def build(self):
        return classifier(nn.Dropout(0.2))

    def parameters(self):
        return self.model.parameters()

    def loss(self):
        return F.cross_entropy(self.model(self.x), self.y)

    def step(self):
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        self.optimizer.step()
        self.total += loss.item()

    def lint(self):
        return nn.lint(self.step)


def test_a_program_that_is_right_has_no_findings():
    report = Program().lint()
    assert report == [] and str(report) == "nothing found"


def test_a_tensor_is_not_taken_for_batches_row_by_row():
    model = nn.Linear(2, 1)
    with pytest.raises(TypeError, match=r"batches must be .* got a tensor of shape \(2,\): .* \[batch\]"):
        nn.lint(model, ag.ones(2))
    assert nn.lint(model, [ag.randn(2)]) == []


class SoftmaxBeforeCrossEntropy(Program):
    finds, line = "softmax before cross_entropy", "return F.cross_entropy(self.model(self.x), self.y)"

    def build(self):
        return classifier(nn.Softmax(-1))[:-1].append(nn.Linear(16, 4)).append(nn.Softmax(-1))


class SigmoidBeforeLogits(Program):
    finds, line = "sigmoid before binary_cross_entropy_with_logits", "binary_cross_entropy_with_logits(p"

    def loss(self):
        p = self.model(self.x).sigmoid()
        return F.binary_cross_entropy_with_logits(p, F.one_hot(self.y, 4).float())


class SoftmaxBeforeNll(Program):
    finds, line = "nll_loss without log_softmax", "return F.nll_loss(self.model(self.x).softmax(-1), self.y)"
    says = "is given probabilities"

    def loss(self):
        return F.nll_loss(self.model(self.x).softmax(-1), self.y)


class LogitsToNll(Program):
    finds, line = "nll_loss without log_softmax", "return F.nll_loss(self.model(self.x), self.y)"
    says = "is given logits"

    def loss(self):
        return F.nll_loss(self.model(self.x), self.y)


class BroadcastLoss(Program):
    finds, line = "a loss that broadcasts", "return ((self.model(self.x) - self.x[:, 0]) ** 2).mean()"

    def build(self):
        return classifier(classes=1)

    def loss(self):
        return ((self.model(self.x) - self.x[:, 0]) ** 2).mean()


class NoZeroGrad(Program):
    finds, line = "zero_grad forgotten", "loss.backward()  # without zero_grad"

    def step(self):
        loss = self.loss()
        loss.backward()  # without zero_grad
        self.optimizer.step()


class NoZeroGradOfValues(Program):
    finds, line = "zero_grad forgotten", "loss.backward()  # of Values"
    says = "those of 2 Values"

    def step(self):
        w, b = self.values = getattr(self, "values", (Value(0.5), Value(0.1)))
        loss = (w * 3.0 + b - 1.0) ** 2
        loss.backward()  # of Values
        for value in self.values:
            value.data -= 0.01 * value.grad


class PlainList(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(6, 6), nn.Linear(6, 6)]
        self.head = nn.Linear(6, 4)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x).relu()
        return self.head(x)


class ModulesInAList(Program):
    finds, line = "a module that is not registered", "x = layer(x).relu()"
    says = "the plain list self.layers"

    def build(self):
        return PlainList()


class Whole(nn.Module):
    """A model that is called as a whole, by parts that may be detached."""

    def __init__(self, parts):
        super().__init__()
        self.parts = parts

    def forward(self, x):
        return self.parts[1:](self.parts[0](x).detach())


class DetachedInside(Program):
    finds, line = "parameters without a gradient", "loss.backward()"
    says = "the modules of parts.0.weight, parts.0.bias run, but no gradient comes back"

    def build(self):
        return Whole(classifier())


class DetachedBetweenModels(Program):
    finds, line = "parameters without a gradient", "loss.backward()"
    says = "the modules of Linear.weight (6, 6), Linear.bias (6,) run, but no gradient comes back"

    def parameters(self):
        self.encoder = nn.Linear(6, 6)
        return [*self.encoder.parameters(), *self.model.parameters()]

    def loss(self):
        return F.cross_entropy(self.model(ag.tensor(self.encoder(self.x).detach().numpy())), self.y)


class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.Linear(6, 4), nn.Linear(6, 4)

    def forward(self, x):
        return self.used(x)


class ModuleNotCalled(Program):
    finds, line = "parameters without a gradient", "loss.backward()"
    says = "the modules of unused.weight, unused.bias are never called"

    def build(self):
        return Unused()


class DeadReLU(Program):
    finds, line = "a gradient that is always 0", "return F.cross_entropy(self.model(self.x), self.y)"
    says = "the gradient of 0.weight, 0.bias, 3.weight is 0 in every backward pass, since all that relu returns is 0"

    def build(self):
        model = classifier(nn.Identity())
        model[0].bias.data.fill_(-100.0)
        return model


class NotInTheOptimiser(Program):
    finds, line = "parameters in no optimiser", "loss.backward()"
    says = "gradients are computed for 0.weight, 0.bias, but no optimiser"

    def parameters(self):
        return self.model[-1].parameters()


class EvalForgotten(Program):
    finds, line = "eval() forgotten", "self.model(self.x)  # held out"

    def step(self):
        super().step()
        with ag.no_grad():
            self.model(self.x)  # held out


class EvalLeftOn(Program):
    finds, line = "eval() left on", "return F.cross_entropy(self.model(self.x), self.y)"

    def step(self):
        super().step()
        self.model.eval()
        with ag.no_grad():
            self.model(self.x)


class SummedLoss(Program):
    finds, line = "a graph kept alive", "return F.cross_entropy(self.model(self.x), self.y)"

    def step(self):
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        self.optimizer.step()
        self.total += loss


class Float64(Program):
    finds, line = "float64 among float32", "return F.cross_entropy(self.model(x), self.y)"

    def loss(self):
        x = ag.from_numpy(np.random.default_rng(0).standard_normal((32, 6)))
        return F.cross_entropy(self.model(x), self.y)


class IntegerDivision(Program):
    finds, line = "integer division of the inputs", "(x // 255).float()"

    def loss(self):
        x = ag.randint(0, 256, (32, 6))
        return F.cross_entropy(self.model((x // 255).float()), self.y)


class SortedData(Program):
    finds, line = "data that is not shuffled", "return F.cross_entropy(self.model(self.x), self.y)"

    def __init__(self):
        super().__init__()
        self.y = self.y.sort()[0]


class SortedInSmallBatches(SortedData):
    line = "loss = F.cross_entropy(self.model(x), y)"

    def step(self):
        for x, y in zip(self.x.split(8), self.y.split(8)):  # some of one class, some of two
            self.optimizer.zero_grad()
            loss = F.cross_entropy(self.model(x), y)
            loss.backward()
            self.optimizer.step()


class LoaderInOrder(Program):
    finds, line = "data that is not shuffled", "return F.cross_entropy(self.model(self.x), self.y)"
    says = "in the order of the dataset"

    def lint(self):
        def step(batch):
            self.x, self.y = batch
            self.step()

        return nn.lint(step, DataLoader(TensorDataset(self.x, self.y), batch_size=8))


class HighFirstLoss(Program):
    finds, line = "a first loss that is too high", "return F.cross_entropy(self.model(self.x), self.y)"
    says = "-log(1/4) = 1.39"

    def build(self):
        model = classifier()
        model[-1].weight.data.mul_(50)
        return model


class TargetsNotShifted(Program):
    finds, line = "a first loss that is too low", "return F.cross_entropy(self.model(self.y) @ self.model.weight.T"
    says = "-log(1/64) = 4.16"

    def build(self):
        self.y = ag.randint(0, 64, (32,))
        return nn.Embedding(64, 32)

    def loss(self):
        return F.cross_entropy(self.model(self.y) @ self.model.weight.T, self.y)


def test_an_optimiser_of_another_model_has_not_trained_this_one():
    w = ag.ones(2, requires_grad=True)
    other = optim.Adam([w])
    for _ in range(50):
        w.sum().backward()
        other.step()
    other.state["of all"] = {"step": 50}  # as optimisers of papers keep beside their parameters
    assert [finding.check for finding in TargetsNotShifted().lint()] == [TargetsNotShifted.finds]


def deep(activation, scale):
    layers = [layer for _ in range(12) for layer in (nn.Linear(6, 6), activation())]
    for layer in layers[::2]:
        layer.weight.data.mul_(scale)
    return nn.Sequential(*layers, nn.Linear(6, 4))


class Vanishing(Program):
    finds, line = "a gradient that vanishes", "loss.backward()"

    def build(self):
        return deep(nn.Sigmoid, 1.0)


class Exploding(Program):
    finds, line = "a gradient that explodes", "loss.backward()"

    def build(self):
        return deep(nn.Identity, 20.0)


WRONG = [
    program for program in vars().copy().values()
    if isinstance(program, type) and issubclass(program, Program) and hasattr(program, "finds")
]  # fmt: skip


@pytest.mark.parametrize("program", WRONG, ids=lambda program: program.__name__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_wrong_program_is_found_with_its_line_its_reason_and_a_remedy(program):
    report = program().lint()
    [finding] = [finding for finding in report if finding.check == program.finds]
    assert len(report) == 1 or program is Exploding  # whose first loss is high as well
    assert getattr(program, "says", "") in finding.reason and finding.remedy in str(finding)
    assert program.line in str(finding) and "test_lint.py" in str(finding.line)


def test_the_context_warns_of_what_it_finds():
    program = NoZeroGrad()
    with pytest.warns(LintWarning, match="zero_grad forgotten"), nn.lint() as report:
        for _ in range(2):
            program.step()
    assert [finding.check for finding in report] == ["zero_grad forgotten"]
    assert isinstance(report[0], Finding)


def test_an_error_of_the_step_passes_without_findings():
    with pytest.raises(ZeroDivisionError), nn.lint():
        NoZeroGrad().step()
        raise ZeroDivisionError


def test_autograd_has_the_same_function():
    assert ag.lint is nn.lint


def log_probabilities(program):
    program.optimizer.zero_grad()
    F.nll_loss(program.model(program.x).log_softmax(-1), program.y).backward()
    program.optimizer.step()


def whole_numbers(program):
    """Bytes that were not divided: the // in this file is that of another program."""
    program.x = ag.randint(0, 256, (32, 6)).float()
    program.model[0].weight.data.mul_(0.01)
    program.step()


def accumulating(program):
    program.optimizer.zero_grad()
    for _ in range(2):
        (program.loss() / 2).backward()
    program.optimizer.step()


def frozen(program):
    program.model[0].requires_grad_(False)
    program.step()


def two_losses(program):
    """Two models in turns, whose losses are still held in variables at the end."""
    program.optimizer.zero_grad()
    program.first = program.loss()
    program.first.backward()
    program.second = program.loss() * 2
    program.second.backward()
    program.optimizer.step()


def most_targets_ignored(program):
    program.y = ag.where(ag.arange(32) < 4, program.y, -100)
    program.step()


def penalised(program):
    program.optimizer.zero_grad()
    loss = program.loss()
    grads = ag.grad(loss, list(program.model.parameters()), create_graph=True)
    (loss + sum(g.square().sum() for g in grads)).backward()
    program.optimizer.step()


def evaluating(program):
    program.step()
    program.model.eval()
    with ag.no_grad():
        program.model(program.x)
    program.model.train()


class Adversaries(Program):
    """A generator and a critic: the gradients that the one leaves in the other are set to 0 before they count."""

    def build(self):
        self.critic = classifier(classes=1)
        self.of_critic = optim.Adam(self.critic.parameters())
        return nn.Sequential(nn.Linear(6, 6), nn.Tanh())

    def step(self):
        made, one = self.model(self.x), ag.ones(32, 1)
        self.critic.zero_grad()
        F.binary_cross_entropy_with_logits(self.critic(self.x), one).backward()
        F.binary_cross_entropy_with_logits(self.critic(made.detach()), one * 0).backward()
        self.of_critic.step()
        self.model.zero_grad()
        F.binary_cross_entropy_with_logits(self.critic(made), one).backward()
        self.optimizer.step()


def test_two_models_that_learn_against_each_other_have_no_findings():
    assert nn.lint(Adversaries().step, steps=3) == []


@pytest.mark.parametrize(
    "step",
    [
        log_probabilities, whole_numbers, accumulating, frozen, two_losses, most_targets_ignored, penalised, evaluating,
    ],
)  # fmt: skip
def test_what_looks_like_a_mistake_and_is_none_is_not_found(step):
    program = Program()
    assert nn.lint(lambda: step(program)) == []


def test_a_low_first_loss_of_weights_that_were_trained_before_is_not_found():
    program = Program()
    program.optimizer = optim.Adam(program.parameters(), lr=0.03)
    for _ in range(300):
        program.step()
    program.model.eval()
    assert program.loss().item() < 0.5 * np.log(4)
    program.model.train()
    assert nn.lint(program.step) == []
