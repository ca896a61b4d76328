"""The decay of gradient norms, and the envelope that bounds on the singular values imply. NumPy alone."""
