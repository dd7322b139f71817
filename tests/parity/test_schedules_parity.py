"""Every learning-rate schedule beside PyTorch's: alone, several on one optimiser, saved, loaded and made anew."""

import copy
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn

torch = pytest.importorskip("torch")


def swa_utils(schedules):
    return torch.optim.swa_utils if schedules is torch.optim.lr_scheduler else nn.optim.swa_utils


SCHEDULES = {
    "LambdaLR": lambda s, o, **last: s.LambdaLR(o, [lambda n: 0.95**n, lambda n: 1 / (n + 1)], **last),
    "StepLR": lambda s, o, **last: s.StepLR(o, 3, 0.5, **last),
    "MultiStepLR": lambda s, o, **last: s.MultiStepLR(o, [2, 9, 9], 0.5, **last),
    "MultiStepLR from the start": lambda s, o, **last: s.MultiStepLR(o, [0, 3], 0.5, **last),
    "ExponentialLR": lambda s, o, **last: s.ExponentialLR(o, 0.9, **last),
    "CosineAnnealingLR": lambda s, o, **last: s.CosineAnnealingLR(o, 3, 0.01, **last),
    "LinearLR": lambda s, o, **last: s.LinearLR(o, 0.1, 0.9, 6, **last),
    "LinearLR to nothing": lambda s, o, **last: s.LinearLR(o, 1.0, 0.0, 4, **last),
    "OneCycleLR": lambda s, o, **last: s.OneCycleLR(o, [0.5, 0.2], total_steps=21, pct_start=0.4, **last),
    "OneCycleLR linear": lambda s, o, **last: s.OneCycleLR(
        o, 0.5, epochs=3, steps_per_epoch=7, anneal_strategy="linear", three_phase=True, final_div_factor=10, **last
    ),
    "OneCycleLR of momenta": lambda s, o, **last: s.OneCycleLR(
        o, 0.3, 15, base_momentum=[0.7, 0.8], max_momentum=[0.9, 0.95], **last
    ),
    "ConstantLR": lambda s, o, **last: s.ConstantLR(o, 0.25, 4, **last),
    "PolynomialLR": lambda s, o, **last: s.PolynomialLR(o, 7, 2.0, **last),
    "MultiplicativeLR": lambda s, o, **last: s.MultiplicativeLR(o, [lambda n: 0.95, lambda n: 1 / n], **last),
    "CosineAnnealingWarmRestarts": lambda s, o, **last: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.01, **last),
    "CyclicLR": lambda s, o, **last: s.CyclicLR(o, 0.01, [0.1, 0.3], 3, 5, **last),
    "CyclicLR halved": lambda s, o, **last: s.CyclicLR(o, 0.01, 0.3, 3, mode="triangular2", **last),
    "CyclicLR shrinking": lambda s, o, **last: s.CyclicLR(
        o, [0.1, 0.01], 0.3, 2, mode="exp_range", gamma=0.9, base_momentum=[0.7, 0.8], **last
    ),
    "CyclicLR scaled": lambda s, o, **last: s.CyclicLR(o, 0.1, 0.3, 2, scale_fn=lambda n: 1 / n, **last),
    "SWALR": lambda s, o, **last: swa_utils(s).SWALR(o, [0.05, 0.5], 4, **last),
    "SWALR linear": lambda s, o, **last: swa_utils(s).SWALR(o, 0.05, 3, "linear", **last),
}
SEQUENCES = {
    "ChainedScheduler": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9)], o),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, 1.0, 4), s.CosineAnnealingLR(o, 10, 0.001), s.ExponentialLR(o, 0.8)], [4, 14]
    ),
    "SequentialLR from the second": lambda s, o: s.SequentialLR(
        o, [s.StepLR(o, 2, 0.5), s.LambdaLR(o, lambda n: 1 / (n + 2)), s.StepLR(o, 2, 0.1)], [0, 5]
    ),
}
SAVED = ("both", "optimiser", "schedules", "optimiser before they are made")


class Program:
    """An optimiser and its schedules, in PyTorch or here, and what becomes of the rates and momenta."""

    def __init__(self, library, optim, kind):
        self.library, self.optim, self.kind = library, optim, kind
        self.optimizer, self.schedules, self.makers = self.fresh(), [], []

    def fresh(self):
        one = self.library.ones(1, requires_grad=True)
        groups = [{"params": [one], "lr": 0.3}, {"params": [self.library.ones(1, requires_grad=True)]}]
        return getattr(self.optim, self.kind)(groups, lr=0.1, **({"momentum": 0.9} if self.kind == "SGD" else {}))

    def make(self, maker, **last):
        self.makers.append(maker)
        self.schedules.append(maker(self.optim.lr_scheduler, self.optimizer, **last))

    def step(self, which=None):
        self.optimizer.step()
        for schedule in self.schedules if which is None else self.schedules[which : which + 1]:
            schedule.step()

    def step_to(self, epoch):
        self.schedules[0].step(epoch)

    def scale(self, factor):
        for group in self.optimizer.param_groups:
            group["lr"] *= factor

    def resume(self, saved):
        states = copy.deepcopy([self.optimizer.state_dict(), *(s.state_dict() for s in self.schedules)])
        self.optimizer = self.fresh()
        if saved == "optimiser before they are made":
            self.optimizer.load_state_dict(states[0])
        self.schedules = [maker(self.optim.lr_scheduler, self.optimizer) for maker in self.makers]
        if saved in ("both", "optimiser"):
            self.optimizer.load_state_dict(states[0])
        if saved != "optimiser":
            for schedule, state in zip(self.schedules, states[1:], strict=True):
                schedule.load_state_dict(state)

    def rates(self):
        groups = self.optimizer.param_groups
        momenta = [g["betas"][0] if "betas" in g else g["momentum"] for g in groups]
        last = [rate for schedule in self.schedules for rate in schedule.get_last_lr()]
        return [g["lr"] for g in groups] + momenta + last

    def run(self, actions):
        """The rates after each action, up to the first error."""
        seen = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name, arguments in actions:
                try:
                    getattr(self, name)(**arguments)
                except (ValueError, KeyError) as error:
                    return [*seen, type(error)]
                seen.append(self.rates())
        return seen


def compare(kind, actions):
    ours, theirs = Program(ag, nn.optim, kind).run(actions), Program(torch, torch.optim, kind).run(actions)
    assert len(ours) == len(theirs)
    for (name, arguments), found, expected in zip(actions, ours, theirs):
        if isinstance(expected, type):
            assert found is expected, (name, arguments)
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14, err_msg=f"{name} {arguments}")


kinds = pytest.mark.parametrize("kind", ["SGD", "AdamW"])
steps = st.just(("step", {}))
actions = st.one_of(
    *[steps] * 4,
    st.builds(lambda i: ("step", {"which": i}), st.integers(0, 2)),
    st.builds(lambda name: ("make", {"maker": SCHEDULES[name]}), st.sampled_from(sorted(SCHEDULES))),
    st.builds(
        lambda name, last: ("make", {"maker": SCHEDULES[name], "last_epoch": last}),
        st.sampled_from(sorted(SCHEDULES)),
        st.integers(-1, 8),
    ),
    st.builds(lambda name: ("make", {"maker": SEQUENCES[name]}), st.sampled_from(sorted(SEQUENCES))),
    st.builds(lambda factor: ("scale", {"factor": factor}), st.sampled_from([0.5, 2.0])),
    st.builds(lambda saved: ("resume", {"saved": saved}), st.sampled_from(SAVED)),
)


@kinds
@pytest.mark.parametrize("maker", [*SCHEDULES.values(), *SEQUENCES.values()], ids=[*SCHEDULES, *SEQUENCES])
def test_a_schedule(kind, maker):
    compare(kind, [("make", {"maker": maker}), *[("step", {})] * 22])


@kinds
@given(program=st.lists(actions, min_size=2, max_size=30))
def test_programs_of_schedules(kind, program):
    compare(kind, program)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("threshold_mode", ["rel", "abs"])
@pytest.mark.parametrize("seed", range(5))
def test_plateau(mode, threshold_mode, seed):
    metrics = np.cumsum(np.random.default_rng(seed).normal(size=40)) * 0.1 + 5
    seen = []
    for t, optim in ((ag, nn.optim), (torch, torch.optim)):
        optimizer = optim.SGD([t.ones(1, requires_grad=True)], lr=1.0)
        scheduler = optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, mode, 0.5, patience=2, threshold=0.01, threshold_mode=threshold_mode, cooldown=2, min_lr=0.05
        )
        rates = []
        for metric in metrics:
            scheduler.step(metric)
            rates.append(optimizer.param_groups[0]["lr"])
        seen.append(rates)
    np.testing.assert_allclose(*seen)


@pytest.mark.parametrize("epochs", [(5,), (2, 7, 7, 3), (0.5, 2.25, 9.75)], ids=str)
@pytest.mark.parametrize("name", ["StepLR", "ExponentialLR", "LambdaLR", "CosineAnnealingWarmRestarts"])
def test_step_goes_to_a_given_epoch(name, epochs):
    if name != "CosineAnnealingWarmRestarts":
        epochs = [int(epoch) for epoch in epochs]
    actions = [("make", {"maker": SCHEDULES[name]}), *[("step_to", {"epoch": epoch}) for epoch in epochs]]
    compare("SGD", actions)


def test_every_schedule_of_torch_is_here():
    theirs = torch.optim.lr_scheduler.__all__
    assert set(theirs) <= set(vars(nn.optim.lr_scheduler))
    assert set(torch.optim.swa_utils.__all__) <= set(vars(nn.optim.swa_utils))
