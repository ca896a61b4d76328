"""The rule of cost is held against the clock: the form it takes may not be the slower one."""

import pytest

from spectral_bench.bench.contenders import OURS_DENSE, OURS_LOW_RANK
from spectral_bench.bench.form_rule import form_choices
from spectral_bench.bench.setting import Setting
from spectral_bench.bench.suite import Measured
from spectral_bench.bench.timing import Times

FEW, MANY = Setting(512, 100, m1=8, m2=8), Setting(512, 100, m1=256, m2=256)


@pytest.mark.parametrize(
    ("setting", "low_rank", "dense", "form", "verdict"),
    [
        (FEW, [1.0] * 5, [2.0] * 5, "low rank", "right"),
        (FEW, [2.0] * 5, [1.0] * 5, "low rank", "wrong"),
        (FEW, [0.9, 1.1, 0.9, 1.1, 1.0], [1.0] * 5, "low rank", "a tie"),
        (MANY, [2.0] * 5, [1.0] * 5, "dense", "right"),
        (MANY, [1.0] * 5, [2.0] * 5, "dense", "wrong"),
    ],
)
def test_verdict_on_both_sides_of_the_switch(
    setting: Setting, low_rank: list[float], dense: list[float], form: str, verdict: str
) -> None:
    measured = Measured("reflectors", setting, {OURS_LOW_RANK: Times(low_rank), OURS_DENSE: Times(dense)}, {})
    (choice,) = form_choices([measured])
    assert (choice.form, choice.verdict) == (form, verdict)
