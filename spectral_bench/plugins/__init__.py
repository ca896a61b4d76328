"""Models, tasks, optimizers and sinks from outside the package: a file, a module, or an installed distribution.

A plugin is Python code that registers something when it is imported. What the command line, the environment or the
installation of the user names is imported; nothing that a run directory names ever is.
"""

#: Environment variable with the plugins of every command, separated like the folders of ``PATH``.
PLUGINS_VARIABLE = "SPECTRAL_BENCH_PLUGINS"
