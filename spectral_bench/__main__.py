"""``python -m spectral_bench``: the command line."""

from spectral_bench.cli.app import main

main()
