"""Pictures: readable in print and by the colour-blind, each drawn from numbers that can be had as a file."""
