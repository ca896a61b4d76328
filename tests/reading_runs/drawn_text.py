"""Where the text of a figure lies, as it is printed."""

from itertools import combinations
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

#: Pixels at 100 to the inch: boxes of letters are taller than the letters.
_TOUCHING = 1.5


class _Recorder(RendererAgg):
    """Remembers whose text it draws: ticks beyond an axis exist and are not drawn."""

    def __init__(self, figure: Figure) -> None:
        super().__init__(figure.bbox.width, figure.bbox.height, figure.dpi)
        self.drawn: list[Text] = []

    def draw_text(self, *arguments: Any, mtext: Text | None = None, **options: Any) -> None:
        if mtext is not None:
            self.drawn.append(mtext)
        super().draw_text(*arguments, mtext=mtext, **options)


def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Every text that is drawn, with its box in pixels."""
    FigureCanvasAgg(figure).draw()
    recorder = _Recorder(figure)
    figure.draw(recorder)
    texts = {id(text): text for text in recorder.drawn if text.get_text().strip()}
    return [(text.get_text(), text.get_window_extent(recorder)) for text in texts.values()]


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts that lie on each other."""
    return [
        (one, other)
        for (one, first), (other, second) in combinations(boxes(figure), 2)
        if min(first.x1, second.x1) - max(first.x0, second.x0) > _TOUCHING
        and min(first.y1, second.y1) - max(first.y0, second.y0) > _TOUCHING
    ]


def cut_off(figure: Figure) -> list[str]:
    """Texts that reach beyond the figure."""
    width, height = figure.bbox.width, figure.bbox.height
    return [
        text for text, box in boxes(figure) if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1
    ]
