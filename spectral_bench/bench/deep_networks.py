"""Deep networks without a recurrence: ours, and layers of ``torch.nn``.

A training step as of every contender (``contenders.py``), from the sum of the outputs. All read a vector as wide as
their layers are, by a matrix more than there are layers.

Square matrices begin orthogonal, or with singular values within 0.01 of 1, so that no network starts from states that
vanish; those of residual branches by Glorot's rule, or with singular values below 0.01.
"""

from collections.abc import Callable

from torch import Tensor, nn

from spectral_bench.bench.contenders import Step, training_step
from spectral_bench.bench.setting import DeepSetting
from spectral_bench.linalg import singular_map
from spectral_bench.nn.feed_forward import FeedForward
from spectral_bench.nn.gradient_trace import GradientTrace
from spectral_bench.nn.init import MatrixInit
from spectral_bench.nn.layer_weights import FactoredWeights, FreeWeights, LayerWeights
from spectral_bench.nn.model import Signature

TORCH_LINEAR = "torch.nn.Linear"

#: Whom a contender is compared with.
DEEP_COUNTERPARTS = {
    TORCH_LINEAR: TORCH_LINEAR,
    "mlp": TORCH_LINEAR,
    "svdmlp": TORCH_LINEAR,
    "svdmlp, traced": "svdmlp",
    "resnet": TORCH_LINEAR,
    "svdresnet": "resnet",
}

_OUTPUTS, _LEAK = 10, 0.01


class _Predictions(nn.Module):
    """What a network predicts, without its state."""

    def __init__(self, network: FeedForward) -> None:
        super().__init__()
        self.network = network

    def forward(self, x_TBD: Tensor, trace: GradientTrace | None = None) -> Tensor:
        predictions_BK: Tensor = self.network(x_TBD, trace=trace)[0]
        return predictions_BK


def deep_networks(setting: DeepSetting) -> dict[str, Callable[[], Step]]:
    """The builders of all contenders at one setting."""
    x_TBD = setting.inputs()
    return {
        TORCH_LINEAR: lambda: training_step(_of_torch(setting), x_TBD),
        "mlp": lambda: training_step(_ours(setting, _free(setting, 1.0)), x_TBD),
        "svdmlp": lambda: training_step(_ours(setting, _factored(setting, 1.0)), x_TBD),
        "svdmlp, traced": lambda: training_step(_ours(setting, _factored(setting, 1.0)), x_TBD, traced=True),
        "resnet": lambda: training_step(_ours(setting, _free(setting, 0.0), residual=True), x_TBD),
        "svdresnet": lambda: training_step(_ours(setting, _factored(setting, 0.0), residual=True), x_TBD),
    }


def _of_torch(setting: DeepSetting) -> nn.Module:
    n = setting.hidden_size
    layers: list[nn.Module] = []
    for features in (setting.input_size, *[n] * setting.length):
        linear = nn.Linear(features, n)
        nn.init.orthogonal_(linear.weight)
        layers += [linear, nn.LeakyReLU(_LEAK)]
    return nn.Sequential(nn.Flatten(0, 1), *layers, nn.Linear(n, _OUTPUTS))


def _free(setting: DeepSetting, centre: float) -> FreeWeights:
    start = MatrixInit.orthogonal if centre == 1.0 else MatrixInit.glorot
    return FreeWeights(setting.input_size, setting.hidden_size, setting.length, start, centre)


def _factored(setting: DeepSetting, centre: float) -> FactoredWeights:
    sigma_map = singular_map("sigmoid", 0.01, centre)
    n, depth = setting.hidden_size, setting.length
    return FactoredWeights(setting.input_size, n, depth, m1=setting.m1, m2=setting.m2, sigma_map=sigma_map)


def _ours(setting: DeepSetting, weights: LayerWeights, *, residual: bool = False) -> _Predictions:
    signature = Signature(setting.input_size, _OUTPUTS, length=1, every_step=False)
    return _Predictions(FeedForward(signature, weights, activation="leaky_relu", leak=_LEAK, residual=residual))
