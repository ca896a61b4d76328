"""The text of a file of claims: yaml in which every key stands once."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from spectral_bench.config.hints import unknown
from spectral_bench.errors import InputError
from spectral_bench.runs.safe_reading import LARGEST_TEXT, brief, read_bytes

#: What a file of claims holds; names that begin with an underscore may hold what several claims share.
_KEYS = ("claims", "findings")


class _KeysOnce(yaml.SafeLoader):  # type: ignore[misc]
    """Refuses a key that stands twice, of which yaml would take the last without a word."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Before merge keys are resolved: what ``<<`` brings may be set anew."""
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"the key '{key.value}' stands twice", problem_mark=key.start_mark
                    )
                seen.add(key.value)
        return node


def claims_content(file: Path | None) -> Mapping[str, Any]:
    """What stands in a file of claims; None: in that of this package.

    Raises:
        InputError: it does not exist, is no yaml, holds no claims, or holds a key that is not known.
    """
    shown = "claims.yaml" if file is None else str(file)
    try:
        text = (
            files("spectral_bench.claims").joinpath("claims.yaml").read_bytes()
            if file is None
            else read_bytes(file, LARGEST_TEXT)
        )
        content = yaml.load(text, _KeysOnce)  # noqa: S506
    except OSError as error:
        raise InputError(f"--claims {shown}: {error.strerror or error}.") from error
    except yaml.MarkedYAMLError as error:
        raise InputError(f"--claims {shown}{_line(error)}: {error.problem}.") from error
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"--claims {shown} is no yaml: {brief(error)}.") from error
    if not isinstance(content, Mapping) or not isinstance(content.get("claims"), Mapping) or not content["claims"]:
        raise InputError(f"--claims {shown}: expected a key 'claims' that holds claims by their ids.")
    for key in content:
        if key not in _KEYS and not str(key).startswith("_"):
            raise InputError(f"--claims {shown}: {unknown('key', str(key), _KEYS)}")
    return content


def _line(error: yaml.MarkedYAMLError) -> str:
    return "" if error.problem_mark is None else f", line {error.problem_mark.line + 1}"
