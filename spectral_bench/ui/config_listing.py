"""``spectral-bench run --print-config``: the composed configuration, and where each value came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from spectral_bench.config.load import Loaded, resolved
from spectral_bench.config.origins import COMMAND_LINE

if TYPE_CHECKING:
    from rich.console import Console

#: Nodes whose own file, the one that was chosen for the group, needs no mention.
_GROUP_OF_NODE = ("model", "task", "optimizer")


def show_config(loaded: Loaded, console: Console) -> None:
    """Prints the configuration as YAML that can be read back, with comments that say where it came from.

    The chosen files come first; after them, a value that was not set by the chosen file of its own group (or by
    ``config.yaml``) has its origin beside it.
    """
    from rich.text import Text

    for line in config_lines(loaded):
        value, sign, comment = line.partition("# ")
        style = "bold" if comment == COMMAND_LINE else "dim"
        console.print(Text.assemble(value, (sign + comment, style)), soft_wrap=True)


def config_lines(loaded: Loaded) -> Iterator[str]:
    """The lines that ``show_config`` prints, without style."""
    composition = loaded.composition
    for group, choice in composition.choices.items():
        if choice.option is not None:
            by = "" if choice.by == "default" else f" ({choice.by})"
            yield f"# {group:<10}  {choice.option}{by}"
    rows = [(text, _origin(key, composition.origins)) for key, text in _rows(resolved(loaded.experiment))]
    column = max((len(text) for text, origin in rows if origin), default=0)
    for text, origin in rows:
        yield f"{text:<{column}}  # {origin}" if origin else text


def _origin(key: str, origins: Mapping[str, str]) -> str:
    """Where a value came from, or nothing when it is where one would look for it."""
    origin = origins.get(key, "")
    group = origin.partition("/")[0]
    expected = origin == "config" or (group in _GROUP_OF_NODE and key.startswith(f"{group}."))
    return "" if expected else origin


def _rows(node: dict[str, Any], path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every line of the YAML with the dotted key it sets."""
    for name, value in node.items():
        key = f"{path}.{name}" if path else name
        indent = "  " * depth
        if isinstance(value, dict):
            yield key, f"{indent}{name}:"
            yield from _rows(value, key, depth + 1)
        else:
            yield key, f"{indent}{name}: {_scalar(value)}"


def _scalar(value: Any) -> str:
    import yaml

    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")
