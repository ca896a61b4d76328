import copy
import io
import re

import pytest
import torch
from torch import nn

from spectral_bench.nn import SVDLinear
from spectral_bench.nn.svd_linear import factored_is_cheaper

SHAPES = [(5, 5), (7, 3), (3, 7), (1, 1), (40, 12)]


def linear(in_features: int, out_features: int, bias: bool = True) -> nn.Linear:
    return nn.Linear(in_features, out_features, bias, dtype=torch.float64)


@pytest.mark.parametrize(("in_features", "out_features"), SHAPES)
@pytest.mark.parametrize("bias", [True, False])
def test_from_linear_computes_what_the_linear_layer_computes(in_features: int, out_features: int, bias: bool) -> None:
    dense = linear(in_features, out_features, bias)
    layer = SVDLinear.from_linear(dense)
    x = torch.randn(2, 4, in_features, dtype=torch.float64)
    torch.testing.assert_close(layer(x), dense(x), rtol=0, atol=1e-10)
    torch.testing.assert_close(layer.weight, dense.weight, rtol=0, atol=1e-10)
    torch.testing.assert_close(layer.sigma(), torch.linalg.svdvals(dense.weight.detach()))
    assert (layer.in_features, layer.out_features) == (in_features, out_features)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 2e-6)], ids=str)
@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1e3, 1e30])
def test_a_converted_weight_of_any_size_keeps_its_relative_precision(
    scale: float, dtype: torch.dtype, tolerance: float
) -> None:
    dense = nn.Linear(40, 30, dtype=dtype)
    with torch.no_grad():
        dense.weight.mul_(scale / dense.weight.norm())
    error = SVDLinear.from_linear(dense).weight.double() - dense.weight.double()
    assert error.norm() <= tolerance * scale
    # Every singular value by itself: the smallest here is 1e-4 of the largest.
    sigma = torch.logspace(0, -4, 6, dtype=torch.float64) * scale
    nn.init.zeros_(dense.weight)
    with torch.no_grad():
        dense.weight.diagonal()[:6].copy_(sigma)
    kept = SVDLinear.from_linear(dense).sigma()[:6]
    torch.testing.assert_close(kept.double(), sigma, rtol=tolerance, atol=0.0)


def test_what_is_frozen_in_a_linear_layer_stays_frozen() -> None:
    dense = linear(4, 4)
    dense.weight.requires_grad_(False)
    assert {name for name, p in SVDLinear.from_linear(dense).named_parameters() if p.requires_grad} == {"bias"}
    dense.weight.requires_grad_(True)
    dense.bias.requires_grad_(False)
    layer = SVDLinear.from_linear(dense)
    assert {name for name, p in layer.named_parameters() if not p.requires_grad} == {"bias"}


def test_a_converted_layer_shares_nothing_with_its_source() -> None:
    dense = linear(4, 4)
    layer = SVDLinear.from_linear(dense)
    nn.init.zeros_(dense.weight)
    nn.init.zeros_(dense.bias)
    assert layer.weight.abs().max() > 0.01
    assert layer.bias.abs().max() > 0.01


@pytest.mark.parametrize(("samples", "m"), [(1, 2), (1000, 2), (1, 12), (1000, 12)])
def test_both_forms_of_the_forward_pass_agree(samples: int, m: int) -> None:
    torch.manual_seed(0)
    layer = SVDLinear(20, 12, m1=m, m2=m, r=0.2, dtype=torch.float64)
    x = torch.randn(samples, 20, dtype=torch.float64)
    torch.testing.assert_close(layer(x), nn.functional.linear(x, layer.weight, layer.bias))


def test_the_forward_pass_takes_either_form_by_its_cost() -> None:
    assert factored_is_cheaper(samples=1000, in_size=512, out_size=512, rank=32)
    assert factored_is_cheaper(samples=1, in_size=16, out_size=16, rank=32)
    assert not factored_is_cheaper(samples=1000, in_size=16, out_size=16, rank=32)


def test_sigma_stays_within_the_radius_while_the_layer_learns() -> None:
    torch.manual_seed(0)
    layer = SVDLinear(8, 6, m1=4, m2=4, r=0.1)
    assert layer.spectral_margin() == 0.0
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1)
    x, y = torch.randn(64, 8), torch.randn(64, 6)
    losses = []
    for _ in range(50):
        optimizer.zero_grad()
        loss = (layer(x) - y).square().mean()
        loss.backward()
        optimizer.step()
        layer.constrain_()
        losses.append(loss.item())
    assert losses[-1] < losses[0]
    assert 0.01 < layer.spectral_margin() <= 0.1 + 1e-6
    assert layer.in_radius()
    margin = (torch.linalg.svdvals(layer.weight.detach()) - 1.0).abs().max().item()
    assert margin == pytest.approx(layer.spectral_margin(), abs=1e-5)


def test_in_radius_looks_at_the_matrix_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = SVDLinear(4, 4, m1=2, m2=2, r=0.1)
    assert layer.in_radius(1e-5)
    monkeypatch.setattr(layer.matrix, "weight", lambda: 1.2 * torch.eye(4))
    assert layer.spectral_margin() == 0.0
    assert not layer.in_radius(0.09)
    assert layer.in_radius(0.11)
    monkeypatch.setattr(layer.matrix, "weight", lambda: 0.8 * torch.eye(4))
    assert not layer.in_radius(0.09)


@pytest.mark.parametrize(
    ("parameter", "place", "value", "message"),
    [
        ("u", (0, 1), float("nan"), r"u must be finite, but u\[0, 1\] = nan"),
        ("raw", (2,), float("inf"), r"raw must be finite, but raw\[2\] = inf"),
    ],
)
def test_questions_about_parameters_of_no_matrix_are_refused(
    parameter: str, place: tuple[int, ...], value: float, message: str
) -> None:
    layer = SVDLinear(4, 4, m1=3, m2=3, r=0.1)
    with torch.no_grad():
        layer.get_parameter(f"matrix.{parameter}")[place] = value
    for question in (layer.spectral_margin, layer.in_radius):
        with pytest.raises(ValueError, match=message):
            question()


@pytest.mark.parametrize("m", [2, 12])  # both forms
@pytest.mark.parametrize(
    ("parameter", "place", "value"),
    [("u", (0, 1), "nan"), ("u", (1, 0), "nan"), ("v", (1, 2), "-inf"), ("raw", (2,), "nan"), ("raw", (3,), "inf")],
)
def test_parameters_that_are_not_finite_are_refused(m: int, parameter: str, place: tuple[int, ...], value: str) -> None:
    layer = SVDLinear(20, 12, m1=m, m2=m, r=0.2)
    with torch.no_grad():
        layer.get_parameter(f"matrix.{parameter}")[place] = float(value)
    found = re.escape(f"{parameter} must be finite, but {parameter}{list(place)} = {value}")
    with pytest.raises(ValueError, match=found):
        layer(torch.ones(16, 20))


def test_finite_parameters_whose_sum_is_infinite_are_accepted() -> None:
    layer = SVDLinear(6, 4, m1=1, m2=1)
    nn.init.constant_(layer.matrix.u, 3e38)
    assert layer.matrix.u.sum().isinf()
    assert layer(torch.randn(3, 6)).isfinite().all()


def test_a_nan_of_the_input_comes_out_as_nan() -> None:
    assert SVDLinear(6, 4)(torch.full((2, 6), float("nan"))).isnan().all()


def test_no_values_are_looked_at_where_there_are_none_to_see() -> None:
    layers = [SVDLinear(6, 4) for _ in range(3)]
    x = torch.randn(2, 6)
    state, _ = torch.func.stack_module_state(layers)
    outputs = torch.func.vmap(lambda state: torch.func.functional_call(layers[0], state, (x,)))(state)
    torch.testing.assert_close(outputs, torch.stack([layer(x) for layer in layers]))
    with torch.no_grad():
        layers[0].matrix.u[0, 0] = float("nan")
    assert torch.compile(layers[0], fullgraph=True, backend="eager")(x).isnan().all()


@pytest.mark.parametrize(("r", "centre", "margin"), [(1.5, 1.0, 0.5), (0.0, -2.0, 0.0), (0.0, -1.0, 0.0)])
def test_the_margin_is_that_of_the_singular_values_of_the_matrix(r: float, centre: float, margin: float) -> None:
    layer = SVDLinear(4, 4, m1=2, m2=2, r=r, centre=centre)
    if r:
        with torch.no_grad():
            layer.matrix.raw[0] = -20.0  # σ = −0.5
    assert layer.spectral_margin() == pytest.approx(margin)
    singular_values = torch.linalg.svdvals(layer.weight.detach())
    assert (singular_values - abs(centre)).abs().max().item() == pytest.approx(margin, abs=1e-5)


@pytest.mark.parametrize(
    ("centre", "r", "smallest", "largest"), [(0.5, 2.0, 0.0, 2.5), (-0.5, 2.0, 0.0, 2.5), (-2.0, 0.5, 1.5, 2.5)]
)
def test_a_negative_sigma_counts_by_its_absolute_value(
    centre: float, r: float, smallest: float, largest: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = SVDLinear(3, 3, m1=1, m2=1, r=r, centre=centre)
    for raw in (-20.0, 20.0):
        with torch.no_grad():
            layer.matrix.raw.fill_(raw)
        assert layer.in_radius()
    for value, expected in (
        (smallest - 0.1, smallest == 0.0),
        (smallest, True),
        (largest, True),
        (largest + 0.1, False),
    ):
        monkeypatch.setattr(layer.matrix, "weight", lambda value=value: value * torch.eye(3))
        assert layer.in_radius() == expected


def test_the_penalty_holds_a_free_sigma_near_the_centre() -> None:
    for layer in (
        SVDLinear(6, 4, map="free", centre=0.5, penalty=3.0),
        SVDLinear.from_linear(linear(6, 4), centre=0.5, penalty=3.0),
    ):
        sigma = layer.sigma()
        torch.testing.assert_close(layer.penalty(), 3.0 * (sigma - 0.5).square().sum())
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        with torch.no_grad():
            layer.matrix.raw.add_(0.2)
        for _ in range(20):
            optimizer.zero_grad()
            layer.penalty().backward()
            optimizer.step()
        assert (layer.sigma() - 0.5).abs().max() < 1e-3
    assert SVDLinear(6, 4, map="free").penalty() == 0.0
    with pytest.raises(ValueError, match=r"penalty 1\.0 needs map 'free'"):
        SVDLinear(6, 4, penalty=1.0)


def test_state_dict_round_trips() -> None:
    torch.manual_seed(0)
    source, target = (SVDLinear(6, 4, m1=3, m2=2, r=0.3) for _ in range(2))
    with torch.no_grad():
        source.matrix.raw.normal_()
    buffer = io.BytesIO()
    torch.save(source.state_dict(), buffer)
    buffer.seek(0)
    target.load_state_dict(torch.load(buffer, weights_only=True))
    torch.testing.assert_close(target.weight, source.weight, rtol=0, atol=0)


def test_a_deep_copy_computes_the_same_and_shares_nothing() -> None:
    layer = SVDLinear(6, 4)
    twin = copy.deepcopy(layer)
    before = layer.weight.detach()
    assert torch.equal(twin.weight, before)
    with torch.no_grad():
        twin.matrix.u.normal_()
    assert torch.equal(layer.weight, before)


@pytest.mark.parametrize("m", [2, 12])
def test_compiled_without_graph_breaks(m: int) -> None:
    layer = SVDLinear(20, 12, m1=m, m2=m, r=0.2)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    x = torch.randn(16, 20)
    torch.testing.assert_close(compiled(x), layer(x))
    compiled(x).square().sum().backward()
    assert layer.matrix.u.grad is not None
    assert layer.matrix.u.grad.any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("m", [2, 12])
def test_under_autocast_the_matrix_keeps_its_precision_and_the_output_is_that_of_a_linear_layer(
    m: int, dtype: torch.dtype
) -> None:
    layer = SVDLinear(20, 12, m1=m, m2=m, r=0.2)
    x = torch.randn(16, 20)
    with torch.autocast("cpu", dtype=dtype):
        y, weight = layer(x), layer.weight
        layer(x).sum().backward()
    assert y.dtype == dtype
    assert weight.dtype == torch.float32
    assert layer.in_radius(1e-5)
    torch.testing.assert_close(y.float(), layer(x), rtol=0.05, atol=0.05)


@pytest.mark.parametrize("m", [1, 12])
def test_inputs_that_do_not_fit_are_refused(m: int) -> None:
    layer = SVDLinear(20, 12, m1=m, m2=m)
    for shape in ((), (19,), (500, 21), (20, 1)):
        with pytest.raises(ValueError, match=rf"shape \(\.\.\., 20\), got {re.escape(str(shape))}"):
            layer(torch.ones(shape))
    with pytest.raises(ValueError, match=r"parameters are torch\.float32, but the input is torch\.float64"):
        layer(torch.ones(5, 20, dtype=torch.float64))
    with pytest.raises(ValueError, match="the input must be a tensor, got list"):
        layer([1.0] * 20)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_parameters_in_half_precision_are_refused(dtype: torch.dtype) -> None:
    with pytest.raises(ValueError, match=f"raw must be float32 or float64, got {dtype}"):
        SVDLinear(4, 4).to(dtype)(torch.ones(1, 4, dtype=dtype))
    with pytest.raises(ValueError, match=str(dtype)):
        SVDLinear.from_linear(nn.Linear(4, 4, dtype=dtype))
    with pytest.raises(ValueError, match=f"dtype must be float32 or float64, got {dtype}"):
        SVDLinear(4, 4, dtype=dtype)


def test_a_matrix_out_of_reach_is_refused_or_projected_as_asked() -> None:
    dense = linear(6, 4)
    nn.init.orthogonal_(dense.weight, gain=3.0)
    with pytest.raises(ValueError, match=r"singular value 3 lies outside \[0.5, 1.5\]"):
        SVDLinear.from_linear(dense, r=0.5)
    layer = SVDLinear.from_linear(dense, r=0.5, start="nearest")
    torch.testing.assert_close(layer.weight, dense.weight * 1.495 / 3.0)
    with pytest.raises(ValueError, match="m1 = 2 and m2 = 4 reflectors are too few: this matrix needs"):
        SVDLinear.from_linear(linear(6, 4), m1=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"m1": 5}, "m1 = 5 reflectors of size 4"),
        ({"m2": 7}, "m2 = 7 reflectors of size 6"),
        ({"m1": -1}, "m1 = -1"),
        ({"m1": 2.0}, "m1 = 2.0 reflectors of size 4: expected a whole number"),
        ({"r": -0.5}, "r must be a finite number, 0 or more, got -0.5"),
        ({"r": None}, "r must be a finite number, 0 or more, got None"),
        ({"r": "0.1"}, "r must be a finite number, 0 or more, got '0.1'"),
        ({"centre": None}, "centre must be a finite number, got None"),
        ({"in_features": 6.0}, "in_features must be a whole number, 1 or more, got 6.0"),
        ({"dtype": "float32"}, "dtype must be float32 or float64, got 'float32'"),
        ({"map": "cosine"}, "unknown map 'cosine'"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SVDLinear(**{"in_features": 6, "out_features": 4} | arguments)


def test_only_a_linear_layer_is_converted() -> None:
    with pytest.raises(TypeError, match=r"takes a torch\.nn\.Linear, got Conv2d\(3, 3.*svd_parametrize"):
        SVDLinear.from_linear(nn.Conv2d(3, 3, 3))


def test_the_printed_layer_says_whether_there_is_a_bias() -> None:
    assert "bias=False" in repr(SVDLinear(6, 4, bias=False))
    assert "m1=3" in repr(SVDLinear(6, 4, m1=3))


def test_the_margin_is_measured_from_the_centre() -> None:
    layer = SVDLinear(8, 8, centre=0.0, r=0.1)
    with torch.no_grad():
        layer.matrix.raw.zero_()
        assert layer.spectral_margin() == 0.0
        layer.matrix.raw.fill_(50.0)
    assert layer.spectral_margin() == pytest.approx(0.1)
    negative = SVDLinear(8, 8, centre=-0.5, r=0.1)  # of a singular value, |σ| around |σ*|
    with torch.no_grad():
        negative.matrix.raw.fill_(50.0)
    assert negative.spectral_margin() == pytest.approx(0.1)


def test_reset_it_is_as_new() -> None:
    torch.manual_seed(3)
    new, used = SVDLinear(6, 4), SVDLinear(6, 4)
    torch.manual_seed(3)
    used.reset_parameters()
    for key, value in new.state_dict().items():
        assert torch.equal(used.state_dict()[key], value), key


@pytest.mark.parametrize("renewed", [False, True])
@pytest.mark.parametrize(("chosen", "r"), [("sigmoid", 0.5), ("free", 0.01)])
def test_every_layer_of_a_branch_gets_a_gradient_from_the_start(chosen: str, r: float, *, renewed: bool) -> None:
    branch = [SVDLinear(8, 8, bias=False, centre=0.0, r=r, map=chosen, m1=4, m2=4) for _ in range(2)]
    if renewed:
        for layer in branch:
            layer.reset_parameters()
    x = torch.randn(16, 8)
    (x + branch[1](torch.tanh(branch[0](x)))).square().sum().backward()
    for layer in branch:
        assert all(parameter.grad is not None and parameter.grad.any() for parameter in layer.parameters())


def test_a_converted_layer_that_starts_anew_is_not_zero() -> None:
    layer = SVDLinear.from_linear(torch.nn.Linear(8, 8))
    layer.reset_parameters()
    assert layer.spectral_margin() > 0.1
