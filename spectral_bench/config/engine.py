"""Hydra's engine without ``hydra.main``: any number of compositions in one process, no exit, no files, no global state.

``hydra.main`` takes over the process. The public ``compose`` does not report which file set which key, which
``--print-config`` shows, and spends three quarters of its time on configuring Hydra itself, which is not needed
here. So this file, and no other, uses Hydra's internals; the dependency is bounded to versions that have them.
"""

from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import hydra.version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository
from hydra._internal.defaults_list import DefaultsList, create_defaults_list
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.override_parser.types import Override
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig, OmegaConf

from spectral_bench.config.catalog import folders

#: The files that a configuration is composed from: that of a run, and that of the launcher of a grid.
RUN_ROOT, LAUNCHING_ROOT = "config", "launching"


class _FilesReadOnce(CachingConfigRepository):
    """Gives every composition copies of its own, for merging takes nodes over as they are and writes into them."""

    def load_config(self, config_path: str) -> ConfigResult | None:
        return deepcopy(super().load_config(config_path))


class Engine:
    """Hydra, looking in the project's folder of configuration files, then in those of plugins and the user's.

    Every file is read once, which is most of the time that composing takes.

    Args:
        config_dir: the user's folder, if there is one.

    Raises:
        InputError: ``config_dir`` is not a folder.
    """

    def __init__(self, config_dir: Path | None) -> None:
        hydra.version.setbase("1.3")
        project, *others = folders(config_dir)
        search_path = create_config_search_path(str(project))
        for number, own in enumerate(others):
            before = f"own{number - 1}" if number else "main"
            search_path.append(f"own{number}", f"file://{own}", anchor=SearchPathQuery(provider=before))
        self.config_dir = config_dir
        self.loader = ConfigLoaderImpl(search_path)
        self._repository = _FilesReadOnce(self.loader.repository)
        self._contents: dict[str, dict[str, Any]] = {}

    def compose(self, overrides: Sequence[Override], root: str = RUN_ROOT) -> tuple[DictConfig, DefaultsList]:
        """The composed configuration; and the files it is made of, in the order of merging, with who chose them."""
        repository = self._repository
        defaults = create_defaults_list(repository, root, list(overrides), prepend_hydra=False, skip_missing=False)
        config = self.loader._compose_config_from_defaults_list(defaults.defaults, repository)
        OmegaConf.set_struct(config, True)
        ConfigLoaderImpl._apply_overrides_to_config(defaults.config_overrides, config)
        return config, defaults

    def content(self, name: str) -> dict[str, Any]:
        """What stands in the file that Hydra knows by this name (``task/copy``), interpolations as they are."""
        if name not in self._contents:
            file = next(file for folder in folders(self.config_dir) if (file := folder / f"{name}.yaml").is_file())
            node = OmegaConf.to_container(OmegaConf.load(file))
            self._contents[name] = {str(key): value for key, value in node.items()} if isinstance(node, dict) else {}
        return self._contents[name]
