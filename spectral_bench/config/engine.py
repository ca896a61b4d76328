"""Hydra's engine without ``hydra.main``: any number of compositions in one process, no exit, no files, no global state.

``hydra.main`` takes over the process. The public ``compose`` does not report which file set which key, which
``--print-config`` shows, and spends three quarters of its time on configuring Hydra itself, which is not needed
here. So this file uses Hydra's internals (`origins.py` and `grid_points.py` use one each); the dependency is
bounded to versions that have them.
"""

import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import hydra.version
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository
from hydra._internal.defaults_list import DefaultsList, create_defaults_list
from hydra._internal.utils import create_config_search_path
from hydra.core.config_search_path import SearchPathQuery
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.plugins.config_source import ConfigResult
from omegaconf import DictConfig, OmegaConf

from spectral_bench.config.catalog import check_one_file, folders, options

#: The files that a configuration is composed from: that of a run, and that of the launcher of a grid.
RUN_ROOT, LAUNCHING_ROOT = "config", "launching"


class _Copies(CachingConfigRepository):
    """Copies of files that were read once: merging takes nodes over as they are and writes into them."""

    def __init__(self, files: CachingConfigRepository) -> None:
        super().__init__(None)  # type: ignore[arg-type]  # it would copy the repository, files and all
        self.delegate = files
        self._pickled: dict[str, bytes] = {}

    def load_config(self, config_path: str) -> ConfigResult | None:
        if config_path not in self._pickled:
            self._pickled[config_path] = pickle.dumps(self.delegate.load_config(config_path))
        found: ConfigResult | None = pickle.loads(self._pickled[config_path])  # noqa: S301  # pickled here
        return found


class Engine:
    """Hydra, looking in the project's folder of configuration files, then in those of plugins and the user's.

    Every file is read once, files that are chosen together are merged once, and an override is parsed once: all of that
    is most of the time that composing takes.

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
        self._files = CachingConfigRepository(self.loader.repository)
        self._parser = OverridesParser.create(config_loader=self.loader)
        self._parsed: dict[str, list[Override]] = {}
        self._options: dict[str, dict[str, Path]] = {}
        self._groups: dict[str, bool] = {}
        self._checked: set[tuple[str, str]] = set()
        self._contents: dict[str, dict[str, Any]] = {}
        self._copies = _Copies(self._files)
        self._merged: dict[tuple[str, ...], tuple[bytes, DefaultsList]] = {}

    def compose(self, overrides: Sequence[Override], root: str = RUN_ROOT) -> tuple[DictConfig, DefaultsList]:
        """The composed configuration; and the files it is made of, in the order of merging, with who chose them."""
        choosing = [override for override in overrides if self._chooses_file(override)]
        chosen = (root, *(str(override.input_line) for override in choosing))
        if chosen not in self._merged:
            self._merged[chosen] = self._merge(choosing, root)
        merged, defaults = self._merged[chosen]
        config: DictConfig = pickle.loads(merged)  # noqa: S301  # pickled here: a copy, for less than deepcopy takes
        ConfigLoaderImpl._apply_overrides_to_config([one for one in overrides if one not in choosing], config)
        return config, defaults

    def _chooses_file(self, override: Override) -> bool:
        """As Hydra tells apart what chooses a file of a group and what sets a key."""
        name = override.key_or_group
        if name not in self._groups:
            self._groups[name] = self._files.group_exists(name)
        return self._groups[name] and not isinstance(override.value(), dict)

    def _merge(self, choosing: list[Override], root: str) -> tuple[bytes, DefaultsList]:
        defaults = create_defaults_list(self._files, root, choosing, prepend_hydra=False, skip_missing=False)
        merged = self.loader._compose_config_from_defaults_list(defaults.defaults, self._copies)
        OmegaConf.set_struct(merged, True)
        return pickle.dumps(merged), defaults

    def parse(self, text: str) -> list[Override]:
        """An override in Hydra's grammar, parsed. What it raises for wrong input is of many kinds."""
        if text not in self._parsed:
            self._parsed[text] = self._parser.parse_overrides([text])
        return self._parsed[text]

    def options(self, group: str) -> dict[str, Path]:
        """The file of every option of a group, by name."""
        if group not in self._options:
            self._options[group] = options(group, self.config_dir)
        return self._options[group]

    def check_one_file(self, group: str, option: str) -> None:
        """Refuse an option that several folders have a file for.

        Raises:
            InputError: naming the files.
        """
        if (group, option) not in self._checked:
            check_one_file(group, option, self.config_dir)
            self._checked.add((group, option))

    def content(self, name: str) -> dict[str, Any]:
        """What stands in the file that Hydra knows by this name (``task/copy``), interpolations as they are."""
        if name not in self._contents:
            file = next(file for folder in folders(self.config_dir) if (file := folder / f"{name}.yaml").is_file())
            node = OmegaConf.to_container(OmegaConf.load(file))
            self._contents[name] = {str(key): value for key, value in node.items()} if isinstance(node, dict) else {}
        return self._contents[name]
