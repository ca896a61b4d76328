"""What is traced of a model: gradient norms over time, and singular values."""

import torch

from spectral_bench.nn.model import Model
from spectral_bench.nn.trace import GradientTrace
from spectral_bench.training.observer import GradientNorms, Spectrum


def mean_norms(trace: GradientTrace, step: int, batch_size: int) -> GradientNorms:
    """Mean over the batch of ‖∂L_b/∂h_t‖ in every layer, L_b the sample's own loss.

    The loss is a mean over the batch, so ∂L_b/∂h_t is ``batch_size`` times what the backward pass saw.
    """
    by_layer = {
        layer: (norms_TB.double().mean(dim=1) * batch_size).cpu().numpy() for layer, norms_TB in trace.norms.items()
    }
    return GradientNorms(step, by_layer)


@torch.no_grad()
def measure_spectrum(model: Model, step: int) -> Spectrum:
    """Singular values of every traced matrix as it stands; NaN of a matrix that is not finite."""
    values = {name: sigma.cpu().numpy() for name, sigma in model.singular_values().items()}
    return Spectrum(step, values, model.facts().centre)
