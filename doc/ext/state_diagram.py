"""The directive ``node-life``: a node's life drawn from ``baremetal/domain/states.py``.

For each kind of operation one picture: where it may start, the states while it
works, waits or holds, and where it ends, well or badly. The same as a table, for
readers who cannot see the picture and for search.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from docutils import nodes
from docutils.parsers.rst import Directive
from manual_table import sentence, table
from sphinx.application import Sphinx

from baremetal.domain import states

BOX_WIDTH, BOX_HEIGHT = 118, 26
COLUMN, ROW = 190, 40
LINE = "#555"
#: role of a state -> how its box is filled and drawn
COLOURS = {
    "rest": f'fill="#fff" stroke="{LINE}"',
    "work": 'fill="#e7f0fa" stroke="#2a6099"',
    "pause": 'fill="#fff7df" stroke="#a8820f"',
    "failure": 'fill="#fdeaea" stroke="#b03030"',
    "success": 'fill="#e8f6ea" stroke="#2e7d3a"',
}
TIP = (
    '<defs><marker id="tip-{0}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
    'markerHeight="7" orient="auto-start-reverse"><path d="M0 1L7 4L0 7z" fill="{1}"/>'
    "</marker></defs>"
)
TEXT = 'font-family="sans-serif" font-size="13" text-anchor="middle" fill="#222"'


@dataclass(frozen=True)
class Box:
    """A state at a place in the picture's grid."""

    state: str
    column: int
    row: int
    role: str


@dataclass(frozen=True)
class Arrow:
    """A passage from one box to another; `both` when it goes to and fro."""

    source: Box
    target: Box
    both: bool = False


def origins(kind: str) -> dict[str, str]:
    """{state in which `kind` may start: the verb that starts it}."""
    return {
        state: verb
        for verb, table in states.VERBS.items()
        for state, started in table.items()
        if started == kind
    }


def layout(kind: str) -> tuple[list[Box], list[Arrow]]:
    """Boxes and arrows of one kind of operation, from left to right."""
    starts = [Box(state, 0, row, "rest") for row, state in enumerate(origins(kind))]
    boxes, arrows, came_from = [*starts], [], starts
    phases = states.PHASES[kind]
    for column, phase in enumerate(phases, start=1):
        work = Box(phase.during, column, 0, "work")
        boxes.append(work)
        arrows += [Arrow(box, work) for box in came_from]
        came_from = [work]
        pauses = [state for state in (phase.waiting, phase.hold) if state]
        for row, state in enumerate(pauses, start=1):
            boxes.append(Box(state, column, row, "pause"))
            arrows.append(Arrow(work, boxes[-1], both=True))
        # The last phase fails beside its end, an earlier one below itself.
        is_last = column == len(phases)
        place = (column + 1, 1) if is_last else (column, len(pauses) + 1)
        boxes.append(Box(phase.failure, *place, "failure"))
        arrows.append(Arrow(work, boxes[-1]))
    end = Box(phases[-1].success, len(phases) + 1, 0, "success")
    return [*boxes, end], [*arrows, Arrow(came_from[0], end)]


def draw(kind: str) -> str:
    """One kind of operation as an SVG element."""
    boxes, arrows = layout(kind)
    width = COLUMN * max(box.column for box in boxes) + BOX_WIDTH + 4
    height = ROW * max(box.row for box in boxes) + BOX_HEIGHT + 4
    size = f'viewBox="-2 -2 {width} {height}" width="{width}" height="{height}"'
    parts = [
        f'<svg class="states" role="img" {size}>',
        f"<title>{escape(kind)}: {escape(_in_words(kind))}</title>",
        TIP.format(kind, LINE),
        *(_draw_arrow(arrow, f'"url(#tip-{kind})"') for arrow in arrows),
        *(_draw_box(box) for box in boxes),
        "</svg>",
    ]
    return "\n".join(parts)


def _draw_box(box: Box) -> str:
    x, y = box.column * COLUMN, box.row * ROW
    return (
        f'<rect x="{x}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="6" '
        f'{COLOURS[box.role]}/><text x="{x + BOX_WIDTH // 2}" y="{y + 17}" {TEXT}>'
        f"{escape(box.state)}</text>"
    )


def _draw_arrow(arrow: Arrow, tip: str) -> str:
    source, target = arrow.source, arrow.target
    if source.column == target.column:
        # Down the side of the column, so that a second pause does not cross the first.
        x = source.column * COLUMN + BOX_WIDTH - 14 * target.row
        line = f"M{x:g} {source.row * ROW + BOX_HEIGHT}V{target.row * ROW}"
    else:
        x1, y1 = source.column * COLUMN + BOX_WIDTH, source.row * ROW + BOX_HEIGHT / 2
        x2, y2 = target.column * COLUMN, target.row * ROW + BOX_HEIGHT / 2
        bend = (COLUMN - BOX_WIDTH) / 2
        line = f"M{x1:g} {y1:g}C{x1 + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"
    start = f" marker-start={tip}" if arrow.both else ""
    return f'<path d="{line}" fill="none" stroke="{LINE}"{start} marker-end={tip}/>'


def _in_words(kind: str) -> str:
    first, last = states.PHASES[kind][0], states.PHASES[kind][-1]
    return f"from {', '.join(origins(kind))} through {first.during} to {last.success}"


def _work_rows() -> Iterator[Sequence[str]]:
    for kind, phases in states.PHASES.items():
        for state, verb in origins(kind).items():
            yield (
                f"`{verb}`",
                state,
                ", then ".join(phase.during for phase in phases),
                phases[-1].success,
                " or ".join(dict.fromkeys(phase.failure for phase in phases)),
            )


def _move_rows() -> Iterator[Sequence[str]]:
    for verb, moves in states.MOVES.items():
        for source, target in moves.items():
            yield f"`{verb}`", source, target


class NodeLife(Directive):
    """Pictures of all kinds of operations, and the tables that they are drawn from."""

    def run(self) -> list[nodes.Node]:
        found: list[nodes.Node] = []
        for kind in states.PHASES:
            verbs = dict.fromkeys(f"`{verb}`" for verb in origins(kind).values())
            found.append(nodes.rubric(text=kind.capitalize()))
            found.append(sentence(f"Begins with {' or '.join(verbs)}."))
            found.append(nodes.raw("", draw(kind), format="html"))
        found.append(nodes.rubric(text="Verbs that start work"))
        found.append(table(("verb", "from", "through", "ends", "or, failing"), _work_rows()))
        found.append(nodes.rubric(text="Verbs that only move the node"))
        found.append(table(("verb", "from", "to"), _move_rows()))
        return found


def setup(app: Sphinx) -> dict[str, bool]:
    """Give Sphinx the directive."""
    app.add_directive("node-life", NodeLife)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
