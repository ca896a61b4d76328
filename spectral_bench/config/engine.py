"""Hydra's engine without ``hydra.main``: any number of compositions in one process, no exit, no files, no global state.

``hydra.main`` wants to own the process, and the public ``compose`` cannot look in a second folder.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hydra.version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.types import RunMode
from omegaconf import DictConfig

from spectral_bench.config.catalog import conf_dir, folders

_ROOT = "config"


class Engine:
    """Hydra, looking in the project's folder of configuration files and then in the user's.

    Args:
        config_dir: the user's folder, if there is one.

    Raises:
        InputError: ``config_dir`` is not a folder, or one of its files has the name of one of the project's.
    """

    def __init__(self, config_dir: Path | None) -> None:
        hydra.version.setbase("1.3")
        search_path = create_config_search_path(str(conf_dir()))
        for own in folders(config_dir)[1:]:
            search_path.append("own", f"file://{own}", anchor=SearchPathQuery(provider="main"))
        self.config_dir = config_dir
        self.loader = ConfigLoaderImpl(search_path)

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """The composed configuration, Hydra's own node (``hydra``) included."""
        composed: DictConfig = self.loader.load_configuration(_ROOT, list(overrides), RunMode.RUN)
        return composed

    def defaults(self, overrides: Sequence[str]) -> Any:
        """The files of a composition in the order of merging, and who chose them (Hydra's ``DefaultsList``)."""
        return self.loader.compute_defaults_list(_ROOT, list(overrides), RunMode.RUN)
