"""A deep network of bounded singular values as a module that maps a tensor to a tensor, as tests of modules want it."""

from torch import Tensor, nn

from spectral_bench.linalg import singular_map
from spectral_bench.nn import Signature
from spectral_bench.nn.feed_forward import FeedForward
from spectral_bench.nn.layer_weights import FactoredWeights


class Deep(nn.Module):
    """What a ``svdmlp`` predicts of 7 time steps."""

    def __init__(self, in_features: int, hidden_size: int = 12, depth: int = 3) -> None:
        super().__init__()
        self.in_features = in_features
        sigma_map = singular_map("sigmoid", 0.1)
        weights = FactoredWeights(7 * in_features, hidden_size, depth, m1=2, m2=2, sigma_map=sigma_map)
        signature = Signature(in_features, 2, length=7, every_step=False)
        self.network = FeedForward(signature, weights, activation="tanh", leak=0.0, residual=False)

    def forward(self, x: Tensor) -> Tensor:
        predictions: Tensor = self.network(x)[0]
        return predictions
