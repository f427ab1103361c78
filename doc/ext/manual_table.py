"""Tables and sentences for the generated pages of the manual."""

from collections.abc import Iterable, Sequence

from docutils import nodes


def table(head: Sequence[str], rows: Iterable[Sequence[str | nodes.Node]]) -> nodes.table:
    """A table; a word in backticks is literal, nothing is a dash."""
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=1) for _ in head]
    top, body = nodes.thead(), nodes.tbody()
    top += _row(head)
    body += [_row(row) for row in rows]
    group += [top, body]
    return nodes.table("", group)


def _row(cells: Sequence[str | nodes.Node]) -> nodes.row:
    row = nodes.row()
    row += [nodes.entry("", _cell(cell)) for cell in cells]
    return row


def _cell(cell: str | nodes.Node) -> nodes.Node:
    return cell if isinstance(cell, nodes.Node) else sentence(cell or "-")


def sentence(text: str) -> nodes.paragraph:
    """A paragraph; words in backticks, single or double, are literal."""
    paragraph = nodes.paragraph()
    for number, part in enumerate(text.replace("``", "`").split("`")):
        if part:
            paragraph += nodes.literal(text=part) if number % 2 else nodes.Text(part)
    return paragraph
