"""What gradient norms say, in NumPy alone: decay, and what a bound on the singular values allows."""
