"""Singular values of a model's recurrent matrices."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from spectral_bench.nn.sequence_model import SequenceModel
from spectral_bench.training.observer import Spectrum


@torch.no_grad()
def measure_spectrum(model: SequenceModel, step: int) -> Spectrum:
    """Singular values of every recurrent matrix as it stands.

    They are computed from the matrix itself, in double precision, and not read off the parametrization: so the same
    measurement serves every model, and a parametrization that drifts from its promise is seen. A matrix that is not
    finite has singular values NaN.
    """
    return Spectrum(
        step,
        {name: _singular_values(matrix.double()) for name, matrix in model.recurrent_matrices().items()},
    )


def _singular_values(matrix: Tensor) -> NDArray[np.float64]:
    if not matrix.isfinite().all():
        return np.full(len(matrix), np.nan)
    values: NDArray[np.float64] = torch.linalg.svdvals(matrix).cpu().numpy()
    return values
