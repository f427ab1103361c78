"""Draws what benchmarks measured against some number, as SVG for the manual.

The CSV has a line for each figure: benchmark, number, name, value. Both axes are logarithmic.
Nothing but the standard library is needed.
"""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).parents[1]
RESULTS = _ROOT / "benchmarks" / "results"
_PLOTS = _ROOT / "doc" / "static"
_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 36, 62, 50
_COLOURS = ("#0b5fa5", "#b3530a", "#2f7d32")
_SHAPES = ("circle", "square", "triangle")

_HEAD = (
    f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
    ' font-family="sans-serif" font-size="13">'
)

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Plot:
    """One picture: its file, title, axis, and (legend, benchmark, figure) of each line.

    :ivar goal: drawn as a dashed line, with these words.
    :ivar number: what stands beneath the picture.
    """

    name: str
    title: str
    axis: str
    lines: tuple[tuple[str, str, str], ...]
    goal: tuple[float, str] | None = None
    number: str = "machines"


class Scale:
    """A logarithmic axis between two powers of ten."""

    def __init__(self, values: Iterable[float], begin: float, end: float) -> None:
        some = list(values)
        self._low = math.floor(math.log10(min(some)))
        self._high = max(math.ceil(math.log10(max(some))), self._low + 1)
        self._begin, self._end = begin, end

    def at(self, value: float) -> float:
        """Where on the picture a value is."""
        part = (math.log10(value) - self._low) / (self._high - self._low)
        return round(self._begin + part * (self._end - self._begin), 1)

    def ticks(self) -> list[float]:
        """The powers of ten."""
        return [10.0**power for power in range(self._low, self._high + 1)]


def read(path: Path) -> Mapping[tuple[str, str], Points]:
    """The last value for each number, by benchmark and figure."""
    values: dict[tuple[str, str], dict[float, float]] = defaultdict(dict)
    with path.open(newline="") as file:
        for benchmark, number, figure, value in csv.reader(file):
            values[benchmark, figure][float(number)] = float(value)
    return {key: sorted(some.items()) for key, some in values.items()}


def draw(plot: Plot, results: Mapping[tuple[str, str], Points]) -> str:
    """The picture."""
    lines = [(legend, results[benchmark, name]) for legend, benchmark, name in plot.lines]
    xs = [x for _, points in lines for x, _ in points]
    ys = [y for _, points in lines for _, y in points if y > 0]
    if plot.goal:
        ys.append(plot.goal[0])
    across, up = Scale(xs, _LEFT, _WIDTH - _RIGHT), Scale(ys, _HEIGHT - _BOTTOM, _TOP)
    parts = [
        _HEAD,
        f"<title>{plot.title}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
        f'<text x="{_LEFT}" y="22" font-size="15" font-weight="bold">{plot.title}</text>',
        *_grid(across, up, plot),
    ]
    if plot.goal:
        value, words = plot.goal
        y = up.at(value)
        parts += [
            f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="#777" stroke-dasharray="6 4"/>',
            f'<text x="{_LEFT + 6}" y="{y - 5}" fill="#555">{words}</text>',
        ]
    for number, (legend, points) in enumerate(lines):
        drawn = [(across.at(x), up.at(y)) for x, y in points if y > 0]
        parts += _line(drawn, legend, number)
    return "\n".join([*parts, "</svg>", ""])


def _grid(across: Scale, up: Scale, plot: Plot) -> list[str]:
    parts = []
    for value in across.ticks():
        x = across.at(value)
        parts += [
            f'<path d="M{x} {_TOP}V{_HEIGHT - _BOTTOM}" stroke="#e3e3e3"/>',
            f'<text x="{x}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{value:,.0f}</text>',
        ]
    for value in up.ticks():
        y = up.at(value)
        parts += [
            f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="#e3e3e3"/>',
            f'<text x="{_LEFT - 8}" y="{y + 4}" text-anchor="end">{value:,g}</text>',
        ]
    x, y = (_LEFT + _WIDTH - _RIGHT) / 2, (_TOP + _HEIGHT - _BOTTOM) / 2
    return [
        *parts,
        f'<text x="{x}" y="{_HEIGHT - 10}" text-anchor="middle">{plot.number}</text>',
        f'<text transform="translate(18 {y}) rotate(-90)" text-anchor="middle">{plot.axis}</text>',
    ]


def _line(points: Points, legend: str, number: int) -> list[str]:
    colour, shape = _COLOURS[number], _SHAPES[number]
    path = "L".join(f"{x} {y}" for x, y in points)
    x, y = _LEFT + 6 + 180 * number, _TOP - 14
    return [
        f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(_mark(*point, colour, shape) for point in points),
        _mark(x, y - 4, colour, shape),
        f'<text x="{x + 12}" y="{y}">{legend}</text>',
    ]


def _mark(x: float, y: float, colour: str, shape: str) -> str:
    """A shape too, for those who do not see colours."""
    if shape == "circle":
        return f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>'
    if shape == "square":
        return f'<path d="M{x - 4} {y - 4}h8v8h-8z" fill="{colour}"/>'
    return f'<path d="M{x} {y - 5}l5 9h-10z" fill="{colour}"/>'


def write(results: Path, plots: Iterable[Plot]) -> None:
    """Draw those of `plots` that a CSV holds all lines of, and tell where they are."""
    found = read(results)
    for plot in plots:
        if any((benchmark, name) not in found for _, benchmark, name in plot.lines):
            print(f"{plot.name}: not all of it was measured")
            continue
        (_PLOTS / f"{plot.name}.svg").write_text(draw(plot, found))
        print(f"doc/static/{plot.name}.svg")
