"""Singular values of a model's recurrent matrices."""

import torch

from spectral_bench.nn.sequence_model import SequenceModel
from spectral_bench.training.observer import Spectrum


@torch.no_grad()
def measure_spectrum(model: SequenceModel, step: int) -> Spectrum:
    """Singular values of every recurrent matrix as it stands.

    They are computed from the matrix itself, in double precision, and not read off the parametrization: so the same
    measurement serves every model, and a parametrization that drifts from its promise is seen.
    """
    return Spectrum(
        step,
        {
            name: torch.linalg.svdvals(matrix.double()).cpu().numpy()
            for name, matrix in model.recurrent_matrices().items()
        },
    )
