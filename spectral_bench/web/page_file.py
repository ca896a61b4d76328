"""Put the page together: one file that needs no other, and no network."""

import base64
import gzip
import json
from functools import cache
from importlib.resources import files
from string import Template
from types import ModuleType
from typing import Any

from spectral_bench.errors import InputError
from spectral_bench.report.formats import finite

#: Seconds after which a page that is watched loads itself again.
_REFRESH = 30


def page_text(payload: dict[str, Any], *, watched: bool = False) -> str:
    """The page.

    The plotting library and the data are packed, and unpacked by the browser: a page of text would be several times as
    large.

    Args:
        payload: from ``report_payload``.
        watched: it loads itself again every half minute.

    Raises:
        InputError: the plotting library is not installed.
    """
    assets = files("spectral_bench.web").joinpath("assets")
    return Template(assets.joinpath("report.html").read_text(encoding="utf-8")).substitute(
        refresh=f'<meta http-equiv="refresh" content="{_REFRESH}">' if watched else "",
        style=assets.joinpath("report.css").read_text(encoding="utf-8"),
        script=assets.joinpath("report.js").read_text(encoding="utf-8"),
        plotly=_packed_plotly(),
        payload=_packed(json.dumps(finite(payload), allow_nan=False, ensure_ascii=False).encode()),
    )


def plotly_library() -> ModuleType:
    """The plotting library: to be asked for before runs are read, which takes far longer.

    Raises:
        InputError: it is not installed.
    """
    try:
        import plotly.offline
    except ImportError as error:
        raise InputError("The report is drawn by Plotly: pip install 'spectral-bench[report]'.") from error
    offline: ModuleType = plotly.offline
    return offline


@cache
def _packed_plotly() -> str:
    """The plotting library.

    Raises:
        InputError: it is not installed.
    """
    library: str = plotly_library().get_plotlyjs()
    return _packed(library.encode())


def _packed(content: bytes) -> str:
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
