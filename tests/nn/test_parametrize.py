import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

from spectral_bench.nn import SVDParametrization, svd_parametrize


def parametrization(module: nn.Module, name: str = "weight") -> SVDParametrization:
    found = module.parametrizations[name][0]
    assert isinstance(found, SVDParametrization)
    return found


def modules() -> dict[str, nn.Module]:
    torch.manual_seed(0)
    return {
        "linear": nn.Linear(6, 4),
        "conv1d": nn.Conv1d(3, 5, 4),
        "conv2d": nn.Conv2d(3, 8, 3, padding=1),
        "grouped": nn.Conv2d(4, 8, 3, groups=2),
        "transposed": nn.ConvTranspose2d(4, 3, 2),
        "embedding": nn.Embedding(9, 4),
        "bilinear": nn.Bilinear(2, 3, 4),
    }


@pytest.mark.parametrize("name", modules())
def test_without_a_radius_the_weight_stays_what_it_was(name: str) -> None:
    module = modules()[name].double()
    before = module.weight.detach().clone()
    assert svd_parametrize(module, "weight") is module
    torch.testing.assert_close(module.weight, before, rtol=0, atol=1e-10)
    torch.testing.assert_close(
        parametrization(module).sigma(), torch.linalg.svdvals(before.flatten(1)), rtol=0, atol=1e-10
    )


@pytest.mark.parametrize("name", modules())
@pytest.mark.parametrize("start", ["nearest", "random"])
def test_with_a_radius_the_weight_is_in_it_and_stays_there(name: str, start: str) -> None:
    module = svd_parametrize(modules()[name], "weight", r=0.1, start=start)
    bounded = parametrization(module)
    assert bounded.in_radius()
    before = module.weight.detach()
    optimizer = torch.optim.SGD(module.parameters(), lr=1.0)
    for _ in range(5):
        optimizer.zero_grad()
        (module.weight * torch.randn_like(before)).sum().backward()
        optimizer.step()
    assert not torch.allclose(module.weight, before, atol=1e-2)
    assert bounded.in_radius()
    assert bounded.spectral_margin() <= 0.1 + 1e-6


def test_nearest_is_the_weight_with_its_singular_values_clipped() -> None:
    module = nn.Linear(5, 5).double()
    left, sigma, right = torch.linalg.svd(module.weight.detach())
    svd_parametrize(module, r=0.2)
    torch.testing.assert_close(module.weight, left * sigma.clamp(1 - 0.198, 1 + 0.198) @ right)


def test_nearest_leaves_singular_values_alone_that_are_in_reach_if_only_by_rounding() -> None:
    left, right = (torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64))[0] for _ in range(2))
    module = nn.Linear(3, 3).double()
    sigma = torch.tensor([1.2, 1.1 + 1e-14, 1.0995], dtype=torch.float64)
    module.weight = nn.Parameter(left * sigma @ right)
    svd_parametrize(module, r=0.1)
    wanted = torch.tensor([1.099, 1.1, 1.0995], dtype=torch.float64)
    torch.testing.assert_close(module.weight, left * wanted @ right, rtol=0.0, atol=1e-8)


@pytest.mark.parametrize(("centre", "r"), [(-2.0, 0.5), (-0.4, 0.1), (0.0, 0.1)])
@pytest.mark.parametrize("shape", [(5, 5), (4, 6)])
def test_nearest_finds_the_sign_of_sigma_that_the_centre_asks_for(
    centre: float, r: float, shape: tuple[int, int]
) -> None:
    module = nn.Linear(*shape).double()
    left, sigma, right = torch.linalg.svd(module.weight.detach(), full_matrices=False)
    svd_parametrize(module, centre=centre, r=r)
    bounded = parametrization(module)
    assert bounded.in_radius()
    assert (bounded.sigma() - centre).abs().max() <= r
    low, high = max(abs(centre) - 0.99 * r, 0.0), abs(centre) + 0.99 * r
    torch.testing.assert_close(module.weight, left * sigma.clamp(low, high) @ right)


def test_a_random_start_without_a_radius_is_orthogonal_and_not_zero() -> None:
    weight = svd_parametrize(nn.Linear(4, 4), start="random").weight
    torch.testing.assert_close(weight @ weight.T, torch.eye(4))


def test_a_weight_that_is_not_finite_is_refused() -> None:
    module = nn.Linear(3, 3)
    nn.init.constant_(module.weight, float("nan"))
    for start in ("nearest", "weight", "random"):
        with pytest.raises(ValueError, match=r"\[0, 0\] = nan"):
            svd_parametrize(module, r=0.1, start=start)


def test_few_reflectors_of_each_side() -> None:
    module = svd_parametrize(nn.Conv2d(3, 8, 3), m1=2, m2=3, r=0.1, start="random")
    shapes = [tuple(original.shape) for original in module.parametrizations["weight"].parameters()]
    assert shapes == [(2, 8), (3, 27), (8,)]
    assert module(torch.randn(1, 3, 5, 5)).shape == (1, 8, 3, 3)
    with pytest.raises(ValueError, match="m1 = 2 and m2 = 3 reflectors are too few: this matrix needs"):
        svd_parametrize(nn.Conv2d(3, 8, 3), m1=2, m2=3, r=0.1)


def test_a_weight_can_be_assigned_if_it_is_in_the_radius() -> None:
    module = svd_parametrize(nn.Linear(4, 4).double(), r=0.5)
    weight = 1.2 * torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64)).Q
    module.weight = weight
    torch.testing.assert_close(module.weight, weight)
    with pytest.raises(ValueError, match=r"singular value 3\.6 lies outside"):
        module.weight = 3.0 * weight


def test_a_map_that_is_not_trained_freezes_sigma() -> None:
    module = svd_parametrize(nn.Linear(4, 4), map="fixed", start="random")
    assert not module.parametrizations["weight"].original2.requires_grad
    torch.testing.assert_close(torch.linalg.svdvals(module.weight.detach()), torch.ones(4))


def test_the_penalty_is_that_of_a_free_sigma() -> None:
    module = svd_parametrize(nn.Linear(6, 4), centre=1.0, penalty=3.0)
    bounded = parametrization(module)
    expected = 3.0 * (torch.linalg.svdvals(module.weight.detach()) - 1.0).square().sum()
    torch.testing.assert_close(bounded.penalty().detach(), expected)
    bounded.penalty().backward()
    assert module.parametrizations["weight"].original2.grad.any()


def test_state_dict_round_trips_and_sigma_follows() -> None:
    source, target = (svd_parametrize(nn.Linear(6, 4), r=0.3) for _ in range(2))
    target.load_state_dict(source.state_dict())
    assert torch.equal(target.weight, source.weight)
    assert torch.equal(parametrization(target).sigma(), parametrization(source).sigma())


def test_a_deep_copy_answers_for_itself() -> None:
    module = svd_parametrize(nn.Linear(6, 4), r=0.3)
    twin = copy.deepcopy(module)
    assert torch.equal(twin.weight, module.weight)
    with torch.no_grad():
        twin.parametrizations["weight"].original2.fill_(2.0)
    assert not torch.equal(parametrization(twin).sigma(), parametrization(module).sigma())
    assert torch.equal(parametrization(twin).sigma(), 1.0 + 0.3 * torch.tanh(torch.ones(4)))


def test_the_owner_is_no_submodule_of_the_parametrization() -> None:
    module = svd_parametrize(nn.Linear(6, 4), r=0.3)
    assert not list(parametrization(module).children())
    assert len(list(module.parameters())) == 4


def test_compiled() -> None:
    module = svd_parametrize(nn.Linear(6, 4), r=0.3)
    x = torch.randn(3, 6)
    torch.testing.assert_close(torch.compile(module, backend="aot_eager")(x), module(x))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_under_autocast_the_weight_keeps_its_precision(dtype: torch.dtype) -> None:
    module = svd_parametrize(nn.Linear(6, 4), r=0.3)
    with torch.autocast("cpu", dtype=dtype):
        assert module(torch.randn(3, 6)).dtype == dtype
        assert module.weight.dtype == torch.float32
        assert parametrization(module).in_radius(1e-5)


def test_removed_again_it_leaves_the_weight_behind() -> None:
    module = svd_parametrize(nn.Linear(6, 4), r=0.3)
    weight = module.weight.detach().clone()
    parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
    assert isinstance(module.weight, nn.Parameter)
    assert torch.equal(module.weight, weight)


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_recurrent_layers_that_would_ignore_it_are_refused(kind: type[nn.RNNBase]) -> None:
    with pytest.raises(TypeError, match=f"{kind.__name__}.*use SpectralRNN"):
        svd_parametrize(kind(4, 4), "weight_hh_l0")


def test_a_cell_that_reads_its_weight_anew_is_accepted() -> None:
    cell = svd_parametrize(nn.RNNCell(4, 4), "weight_hh", r=0.1)
    assert parametrization(cell, "weight_hh").in_radius()
    cell(torch.randn(2, 4)).sum().backward()


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("wieght", {}, "Linear has no parameter 'wieght'"),
        ("bias", {}, r"at least two axes, got shape \(4,\)"),
        ("weight", {"r": -1.0}, "got -1.0"),
        ("weight", {"m1": 5, "r": 0.1, "start": "random"}, "m1 = 5 reflectors of size 4"),
        ("weight", {"start": "far"}, "unknown start 'far'"),
        ("weight", {"map": "cube"}, "unknown map 'cube'"),
        ("weight", {"map": "clip"}, "map 'clip' needs a radius"),
        ("weight", {"map": "free", "r": 0.1}, "map 'free' has no radius, got r = 0.1"),
        ("weight", {"map": "fixed", "r": 0.1}, "map 'fixed' has no radius, got r = 0.1"),
    ],
)
def test_what_cannot_be_parametrized_is_refused(name: str, arguments: dict[str, int], message: str) -> None:
    module = nn.Linear(6, 4)
    with pytest.raises(ValueError, match=message):
        svd_parametrize(module, name, **arguments)
    assert not parametrize.is_parametrized(module)


def test_a_weight_is_parametrized_once() -> None:
    module = svd_parametrize(nn.Conv2d(3, 3, 3), r=0.1)
    with pytest.raises(ValueError, match="weight of ParametrizedConv2d is parametrized already"):
        svd_parametrize(module, r=0.1)


def test_questions_about_parameters_of_no_matrix_are_refused() -> None:
    module = svd_parametrize(nn.Linear(4, 4), r=0.1)
    with torch.no_grad():
        module.parametrizations.weight.original0[0, 2] = float("inf")
    for question in (parametrization(module).spectral_margin, parametrization(module).in_radius):
        with pytest.raises(ValueError, match=r"u must be finite, but u\[0, 2\] = inf"):
            question()


def test_parameters_that_are_not_finite_are_refused_when_the_weight_is_used() -> None:
    module = svd_parametrize(nn.Conv1d(3, 5, 4), r=0.1)
    with torch.no_grad():
        module.parametrizations.weight.original1[0, 2] = float("nan")
    with pytest.raises(ValueError, match=r"v must be finite, but v\[0, 2\] = nan"):
        module(torch.ones(1, 3, 8))


def test_the_printed_parametrization_says_what_it_is() -> None:
    printed = repr(svd_parametrize(nn.Conv2d(3, 8, 3), m1=2, m2=4, r=0.1, start="random"))
    assert "8×3×3×3, m1=2, m2=4, Sigmoid(radius=0.1, centre=1.0" in printed


def test_half_precision_is_refused() -> None:
    with pytest.raises(ValueError, match="raw must be float32 or float64"):
        svd_parametrize(nn.Linear(6, 4)).half()(torch.ones(1, 6).half())
    with pytest.raises(ValueError, match="bfloat16"):
        svd_parametrize(nn.Linear(6, 4, dtype=torch.bfloat16))


def test_a_weight_of_another_shape_cannot_be_assigned() -> None:
    layer = svd_parametrize(nn.Linear(6, 4))
    with pytest.raises(ValueError, match="must have shape"):
        layer.weight = torch.randn(6, 4)


def test_a_clipped_sigma_comes_back_from_the_edge() -> None:
    layer = svd_parametrize(nn.Linear(4, 4, bias=False), map="clip", r=0.2)
    form = layer.parametrizations.weight[0]
    optimizer = torch.optim.SGD(layer.parameters(), lr=1.0)
    for direction in (1.0, -1.0):
        for _ in range(5):
            optimizer.zero_grad()
            (direction * form.sigma().sum()).backward()
            optimizer.step()
            form.constrain_()
    torch.testing.assert_close(form.sigma(), torch.full((4,), 1.2))


def test_a_frozen_weight_stays_frozen() -> None:
    layer = nn.Linear(4, 4)
    layer.weight.requires_grad_(False)
    svd_parametrize(layer, r=0.1)
    assert not any(p.requires_grad for p in layer.parametrizations.parameters())
