import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd as ag
import nn
from nn import optim
from nn.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
    inverse_square_root,
    warmup_cosine,
)


def sgd(*rates):
    rates = rates or (1.0,)
    return optim.SGD([{"params": [nn.Parameter(ag.ones(1))], "lr": lr} for lr in rates], momentum=0.9)


def rates(scheduler, steps):
    found = []
    for _ in range(steps):
        found.append(scheduler.optimizer.param_groups[0]["lr"])
        scheduler.step()
    return found


def restarts(n, length=3, times=2):
    """The cosine of warm restarts, n steps from the beginning."""
    while n >= length:
        n, length = n - length, length * times
    return (1 + math.cos(math.pi * n / length)) / 2


FORMULAS = {
    "LambdaLR": (lambda o: LambdaLR(o, lambda n: 1 / (n + 1)), lambda n: 1 / (n + 1)),
    "StepLR": (lambda o: StepLR(o, 3, 0.5), lambda n: 0.5 ** (n // 3)),
    "MultiStepLR": (lambda o: MultiStepLR(o, [7, 2], 0.5), lambda n: 0.5 ** ((n >= 2) + (n >= 7))),
    "ExponentialLR": (lambda o: ExponentialLR(o, 0.9), lambda n: 0.9**n),
    "LinearLR": (lambda o: LinearLR(o, 0.2, 0.8, 6), lambda n: 0.2 + 0.6 * min(n, 6) / 6),
    "CosineAnnealingLR": (
        lambda o: CosineAnnealingLR(o, 8, 0.1),
        lambda n: 0.1 + 0.9 * (1 + math.cos(math.pi * n / 8)) / 2,
    ),
    "SequentialLR": (
        lambda o: SequentialLR(o, [LinearLR(o, 0.5, 1.0, 4), ExponentialLR(o, 0.8)], [4]),
        lambda n: 0.5 + 0.5 * n / 4 if n < 4 else 0.8 ** (n - 4),
    ),
    "ConstantLR": (lambda o: ConstantLR(o, 0.25, 4), lambda n: 0.25 if n < 4 else 1),
    "PolynomialLR": (lambda o: PolynomialLR(o, 7, 2.0), lambda n: (1 - min(n, 7) / 7) ** 2),
    "MultiplicativeLR": (
        lambda o: MultiplicativeLR(o, lambda n: n / (n + 1)),
        lambda n: math.prod(i / (i + 1) for i in range(1, n + 1)),
    ),
    "CosineAnnealingWarmRestarts": (
        lambda o: CosineAnnealingWarmRestarts(o, 3, 2, 0.01),
        lambda n: 0.01 + 0.99 * restarts(n),
    ),
    "CyclicLR": (
        lambda o: CyclicLR(o, 0.1, 0.5, 3, 5),
        lambda n: 0.1 + 0.4 * (n % 8 / 3 if n % 8 <= 3 else (8 - n % 8) / 5),
    ),
    "ChainedScheduler": (
        lambda o: ChainedScheduler([ConstantLR(o, 0.1, 2), ExponentialLR(o, 0.9)], o),
        lambda n: (0.1 if n < 2 else 1) * 0.9**n,
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_rates_follow_the_formula(name):
    make, formula = FORMULAS[name]
    np.testing.assert_allclose(rates(make(sgd()), 20), [formula(n) for n in range(20)], rtol=1e-12)


OF_ALL_GROUPS = ("CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR")  # their bounds are one for all groups
WITHOUT_FLOOR = [name for name in FORMULAS if name not in OF_ALL_GROUPS]


@pytest.mark.parametrize("name", WITHOUT_FLOOR)
def test_groups_scale_by_their_own_initial_rate(name):
    optimizer = sgd(1.0, 0.01)
    scheduler = FORMULAS[name][0](optimizer)
    for _ in range(9):
        scheduler.step()
        large, small = scheduler.get_last_lr()
        assert small == pytest.approx(0.01 * large)
        assert scheduler.get_last_lr() == [group["lr"] for group in optimizer.param_groups]


@pytest.mark.parametrize("name", FORMULAS)
def test_a_saved_schedule_goes_on_where_it_was(name):
    make, _ = FORMULAS[name]
    straight = rates(make(sgd()), 12)
    optimizer = sgd()
    scheduler = make(optimizer)
    rates(scheduler, 5)
    state, weights = scheduler.state_dict(), optimizer.state_dict()
    optimizer = sgd()
    resumed = make(optimizer)
    optimizer.load_state_dict(weights)
    resumed.load_state_dict(state)
    np.testing.assert_allclose(rates(resumed, 7), straight[5:], rtol=1e-12)


@pytest.mark.parametrize("made_last", [False, True])
def test_one_cycle_made_anew_goes_on_where_it_was(made_last):
    def cycle(optimizer):
        return OneCycleLR(optimizer, 2.0, 20)

    straight = rates(cycle(sgd()), 18)
    optimizer = sgd()
    scheduler = cycle(optimizer)
    rates(scheduler, 5)
    state, weights = scheduler.state_dict(), optimizer.state_dict()
    optimizer = sgd()
    resumed = None if made_last else cycle(optimizer)
    optimizer.load_state_dict(weights)
    resumed = resumed or cycle(optimizer)
    resumed.load_state_dict(state)
    resumed.step()
    np.testing.assert_allclose(rates(resumed, 12), straight[6:], rtol=1e-12)


def test_a_second_schedule_begins_at_the_rate_that_the_first_one_reached():
    optimizer = sgd()
    rates(LambdaLR(optimizer, lambda n: 0.5**n), 3)
    assert rates(ExponentialLR(optimizer, 0.9), 3) == pytest.approx([0.125 * 0.9**n for n in range(3)])
    assert rates(LambdaLR(optimizer, lambda n: 1 / (n + 1)), 3) == pytest.approx([1.0, 1 / 2, 1 / 3])


def test_a_schedule_may_begin_later():
    optimizer = sgd()
    with pytest.raises(KeyError, match="initial_lr"):
        StepLR(optimizer, 3, 0.5, last_epoch=4)
    optimizer.param_groups[0].update(initial_lr=1.0, lr=0.5)
    assert rates(StepLR(optimizer, 3, 0.5, last_epoch=4), 3) == [0.5, 0.25, 0.25]


def test_schedules_on_one_optimiser_multiply():
    optimizer = sgd()
    a, b = ExponentialLR(optimizer, 0.9), StepLR(optimizer, 2, 0.5)
    for n in range(6):
        assert optimizer.param_groups[0]["lr"] == pytest.approx(0.9**n * 0.5 ** (n // 2))
        a.step()
        b.step()


def test_a_users_schedule_needs_get_lr_alone():
    class Halve(LRScheduler):
        def get_lr(self):
            return [base / 2**self.last_epoch for base in self.base_lrs]

    assert rates(Halve(sgd()), 3) == [1.0, 0.5, 0.25]
    with pytest.raises(NotImplementedError, match="get_lr"):
        LRScheduler(sgd())


def test_a_users_schedule_may_ask_whether_step_called_it():
    class Halve(LRScheduler):
        def get_lr(self):
            assert self._get_lr_called_within_step
            return [base / 2**self.last_epoch for base in self.base_lrs]

    assert rates(schedule := Halve(sgd()), 2) == [1.0, 0.5]
    assert "_get_lr_called_within_step" not in schedule.state_dict()


def test_lambda_takes_one_function_a_group():
    optimizer = sgd(1.0, 1.0)
    LambdaLR(optimizer, [lambda n: 0.5, lambda n: 0.25])
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 0.25]
    with pytest.raises(ValueError, match="lr_lambda must be one value, or one for each of 2 groups, got 1"):
        LambdaLR(optimizer, [lambda n: 1.0])


@given(total=st.integers(10, 60), pct=st.sampled_from([0.2, 0.3, 0.5]), three=st.booleans(),
       strategy=st.sampled_from(["cos", "linear"]))  # fmt: skip
def test_one_cycle_rises_to_its_peak_and_falls_to_nothing(total, pct, three, strategy):
    optimizer = sgd()
    scheduler = OneCycleLR(optimizer, 2.0, total, pct_start=pct, three_phase=three, anneal_strategy=strategy)
    lrs, momenta = [], []
    for n in range(total):
        lrs.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        if n < total - 1:
            scheduler.step()
    peak = int(np.argmax(lrs))
    assert lrs[0] == pytest.approx(2.0 / 25) and lrs[-1] == pytest.approx(2.0 / 25 / 1e4)
    assert max(lrs) <= 2.0 + 1e-12 and abs(peak - (pct * total - 1)) <= 1
    assert all(a <= b for a, b in zip(lrs[:peak], lrs[1 : peak + 1]))
    assert all(a >= b for a, b in zip(lrs[peak:], lrs[peak + 1 :]))
    assert momenta[0] == pytest.approx(0.95) and min(momenta) >= 0.85 - 1e-12 and momenta[-1] == pytest.approx(0.95)
    scheduler.step()  # a loop that steps after each of its updates ends one further
    with pytest.raises(ValueError, match=f"the cycle of {total} steps"):
        scheduler.step()


def test_one_cycle_turns_beta1_and_takes_epochs():
    optimizer = optim.AdamW([nn.Parameter(ag.ones(1))])
    OneCycleLR(optimizer, 0.1, epochs=2, steps_per_epoch=5)
    assert optimizer.param_groups[0]["betas"] == (0.95, 0.999)
    plain = optim.Adagrad([nn.Parameter(ag.ones(1))])
    OneCycleLR(plain, [0.1], 10, cycle_momentum=False)
    for settings, match in [
        ({"total_steps": 10}, "no momentum"),
        ({}, "total_steps"),
        ({"total_steps": 10, "pct_start": 2.0}, "pct_start"),
        ({"total_steps": 10, "anneal_strategy": "step"}, "cos"),
        (
            {"total_steps": 10, "max_lr": [0.1, 0.2], "cycle_momentum": False},
            "max_lr must be one value, or one for each of 1 groups, got 2",
        ),
    ]:
        with pytest.raises(ValueError, match=match):
            OneCycleLR(plain, **{"max_lr": 0.1, **settings})


@given(up=st.integers(1, 5), down=st.integers(1, 5), name=st.sampled_from(["SGD", "AdamW"]),
       mode=st.sampled_from(["triangular", "triangular2", "exp_range", "by cycle", "by step"]))  # fmt: skip
def test_a_cycle_rises_and_falls_by_equal_steps_and_the_momentum_against_it(up, down, name, mode):
    optimizer = getattr(optim, name)([nn.Parameter(ag.ones(1))], lr=7.0)
    group, how = optimizer.param_groups[0], {"mode": mode, "gamma": 0.9}
    if mode.startswith("by"):
        how = {"scale_fn": lambda x: 1 / (1 + x), "scale_mode": "cycle" if mode == "by cycle" else "iterations"}
    scheduler = CyclicLR(optimizer, 0.1, 0.5, up, down, base_momentum=0.6, max_momentum=0.9, **how)
    for n in range(3 * (up + down)):
        cycle, at = divmod(n, up + down)
        height = at / up if at <= up else (up + down - at) / down
        height *= {"triangular": 1, "triangular2": 0.5**cycle, "exp_range": 0.9**n, "by cycle": 1 / (2 + cycle),
                   "by step": 1 / (1 + n)}[mode]  # fmt: skip
        assert group["lr"] == pytest.approx(0.1 + 0.4 * height)
        momentum = group["betas"][0] if name == "AdamW" else group["momentum"]
        assert momentum == pytest.approx(0.9 - 0.3 * height)
        scheduler.step()
    assert scheduler.state_dict()["scale_fn"] is None


@given(moments=st.lists(st.floats(0, 30), min_size=1, max_size=5))
def test_warm_restarts_go_to_moments_between_two_steps(moments):
    optimizer = sgd()
    scheduler = CosineAnnealingWarmRestarts(optimizer, 3, 2)
    for moment in moments:
        scheduler.step(moment)
        assert optimizer.param_groups[0]["lr"] == pytest.approx(restarts(moment)) == scheduler.get_last_lr()[0]
        assert scheduler.last_epoch == math.floor(moment)


@pytest.mark.parametrize("name", ["StepLR", "ExponentialLR", "LambdaLR", "LinearLR"])
def test_a_schedule_goes_to_a_given_epoch(name):
    make, formula = FORMULAS[name]
    scheduler = make(sgd())
    for epoch in (5, 2, 7):
        scheduler.step(epoch)
        assert scheduler.get_last_lr()[0] == pytest.approx(formula(epoch))


def test_a_plateau_lowers_the_rate_after_patience():
    optimizer = sgd()
    scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=2, cooldown=1, min_lr=0.2)
    seen = []
    for loss in [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]:
        scheduler.step(ag.tensor(loss))
        seen.append(scheduler.get_last_lr()[0])
    assert seen == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2]


@pytest.mark.parametrize(
    ("mode", "threshold_mode", "better", "worse"),
    [("min", "rel", 0.89, 0.91), ("max", "rel", 1.11, 1.09), ("min", "abs", 0.89, 0.91), ("max", "abs", 1.11, 1.09)],
)
def test_what_counts_as_better(mode, threshold_mode, better, worse):
    scheduler = ReduceLROnPlateau(sgd(), mode, threshold=0.1, threshold_mode=threshold_mode)
    assert scheduler.is_better(5.0, scheduler.best)
    assert scheduler.is_better(better, 1.0) and not scheduler.is_better(worse, 1.0)


def test_bad_settings_are_named():
    with pytest.raises(TypeError, match="needs an Optimizer"):
        StepLR(3, 1)
    with pytest.raises(TypeError, match="metric"):
        ReduceLROnPlateau(sgd()).step()
    with pytest.raises(ValueError, match="factor must be below 1"):
        ReduceLROnPlateau(sgd(), factor=1.0)
    with pytest.raises(ValueError, match="'min' or 'max'"):
        ReduceLROnPlateau(sgd(), mode="least")
    with pytest.raises(ValueError, match="start_factor"):
        LinearLR(sgd(), start_factor=0.0)
    with pytest.raises(ValueError, match="T_max"):
        CosineAnnealingLR(sgd(), 0)
    with pytest.raises(ValueError, match="T_0 > 0 and T_mult >= 1 must hold, got 3 and 0"):
        CosineAnnealingWarmRestarts(sgd(), 3, 0)
    with pytest.raises(ValueError, match="ConstantLR: factor must be above 0 and at most 1, got 2"):
        ConstantLR(sgd(), 2)
    with pytest.raises(ValueError, match="mode must be triangular, triangular2 or exp_range, got 'square'"):
        CyclicLR(sgd(), 0.1, 1.0, mode="square")
    with pytest.raises(ValueError, match="no momentum to cycle"):
        CyclicLR(optim.Adagrad([nn.Parameter(ag.ones(1))]), 0.1, 1.0)
    with pytest.raises(ValueError, match="at least one scheduler"):
        ChainedScheduler([])
    with pytest.raises(ValueError, match="belong to the same optimizer"):
        ChainedScheduler([StepLR(sgd(), 1), StepLR(sgd(), 1)])
    o = sgd()
    with pytest.raises(ValueError, match="for 1 schedulers, give one milestone fewer, not 1"):
        SequentialLR(o, [StepLR(o, 1)], [3])
    with pytest.raises(ValueError, match="belong to this optimizer"):
        SequentialLR(o, [StepLR(sgd(), 1), StepLR(o, 1)], [3])


def test_warm_up_and_cosine():
    factors = [warmup_cosine(n, warmup=4, total=24, floor=0.1) for n in range(30)]
    np.testing.assert_allclose(factors[:5], [0.2, 0.4, 0.6, 0.8, 1.0])
    assert factors[14] == pytest.approx(0.55) and factors[24:] == [0.1] * 6
    assert all(a > b for a, b in zip(factors[4:24], factors[5:25]))


def test_the_papers_schedule_peaks_at_the_end_of_the_warm_up():
    factors = [inverse_square_root(n, d_model=512, warmup=100) for n in range(1000)]
    assert int(np.argmax(factors)) == 99 and factors[99] == pytest.approx(512**-0.5 * 0.1)
    assert factors[0] == pytest.approx(512**-0.5 * 100**-1.5) and factors[399] == pytest.approx(512**-0.5 / 20)


def test_a_saved_lambda_schedule_holds_no_function():
    state = LambdaLR(sgd(), lambda n: 0.5).state_dict()
    assert state["lr_lambdas"] == [None] and "optimizer" not in state and state["last_epoch"] == 0


@pytest.mark.parametrize("kind", [LambdaLR, MultiplicativeLR])
def test_the_state_of_a_lambda_schedule_has_the_attributes_of_objects_that_are_called(kind):
    class Factor:
        def __init__(self, rate):
            self.rate = rate

        def __call__(self, step):
            return self.rate**step

    def made(rate):
        groups = [{"params": [nn.Parameter(ag.ones(1))]} for _ in range(2)]
        return kind(optim.SGD(groups, lr=1.0), [Factor(rate), lambda step: 1.0])

    saved, other = made(0.5), made(0.1)
    saved.step()
    state = saved.state_dict()
    assert state["lr_lambdas"] == [{"rate": 0.5}, None]
    other.load_state_dict(state)
    assert other.lr_lambdas[0].rate == 0.5 and other.lr_lambdas[1](0) == 1.0 and other.last_epoch == 1
    assert state["lr_lambdas"] == [{"rate": 0.5}, None]
    del state["lr_lambdas"]  # as older versions wrote it
    other.load_state_dict(state)


@pytest.mark.parametrize("epochs", [-1, 1.7])
def test_swalr_anneals_for_a_whole_number_of_epochs(epochs):
    optimizer = optim.SGD([nn.Parameter(ag.ones(1))], lr=1.0)
    with pytest.raises(ValueError, match="anneal_epochs must be an int of at least 0"):
        optim.swa_utils.SWALR(optimizer, swa_lr=0.1, anneal_epochs=epochs)
