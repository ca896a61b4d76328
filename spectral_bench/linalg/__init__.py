"""Householder reflectors, the SVD parametrization and its inverse: tensors in, tensors out."""
