"""The verdicts on more than a thousand planted gradients: at least 99 % are right, and no right one is called a bug."""

import numpy as np
import pytest

from autograd import gradcheck_report
from tests.autograd.checking.planted import FAMILIES, STRICT, Case, corpus

DTYPES = [np.float64, np.float32]


def verdict_is_right(case: Case, report) -> bool:
    """Whether the report says of a planted case what it must."""
    kinds = {m.verdict.kind for m in report.mismatches}
    bugs = {m.in_index for m in report.mismatches if m.verdict.kind == "bug"}
    return {
        "bug": kinds == {"bug"} and bugs == (case.at or bugs),
        "passes": bool(report),
        "kink": kinds == {"kink"},
        "near": {m.verdict.kind for m in report.mismatches + report.resolved} == {"kink"},
        "right": "bug" not in kinds,
    }[case.expected]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of infinite slopes
@pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_verdicts_on_planted_gradients_are_right(family, dtype):
    cases = list(corpus(family, dtype))
    reports = [gradcheck_report(case.func, case.inputs, case.order, **STRICT) for case in cases]
    for case, report in zip(cases, reports, strict=True):
        if case.expected != "bug":
            assert not any(m.verdict.kind == "bug" for m in report.mismatches), f"{case.name}:\n{report}"
    wrong = [pair for pair in zip(cases, reports, strict=True) if not verdict_is_right(*pair)]
    assert len(wrong) <= 0.01 * len(cases), "\n".join(f"{c.name}, expected {c.expected}:\n{r}" for c, r in wrong)


def test_the_corpus_is_of_a_thousand_cases_right_and_wrong_ones():
    expected = [case.expected for family in FAMILIES for dtype in DTYPES for case in corpus(family, dtype)]
    assert len(expected) >= 1000
    assert all(expected.count(kind) >= 50 for kind in ("bug", "passes", "kink", "near", "right"))
