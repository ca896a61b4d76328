"""Householder reflectors, the SVD parametrization and its inverse: tensors in, tensors out."""

from spectral_bench.linalg.inverse import orthogonal_factors, reflectors_from_columns, svd_factors
from spectral_bench.linalg.reflectors import (
    CompactForm,
    compact_form,
    random_reflectors,
    reflect,
    reflectors_to_matrix,
    unit_rows,
)
from spectral_bench.linalg.singular_maps import MapName, SingularMap, scales_with_radius, singular_map, uses_radius
from spectral_bench.linalg.svd import LowRankFactors, singular_values, svd_low_rank, svd_weight

__all__ = [
    "CompactForm",
    "LowRankFactors",
    "MapName",
    "SingularMap",
    "compact_form",
    "orthogonal_factors",
    "random_reflectors",
    "reflect",
    "reflectors_from_columns",
    "reflectors_to_matrix",
    "scales_with_radius",
    "singular_map",
    "singular_values",
    "svd_factors",
    "svd_low_rank",
    "svd_weight",
    "unit_rows",
    "uses_radius",
]
