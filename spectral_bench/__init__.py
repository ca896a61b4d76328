"""Does bounding the singular values of a recurrent matrix keep gradients alive, and at what cost?"""

__version__ = "0.1.0"
