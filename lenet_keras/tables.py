"""Tables for a terminal: a row that is too wide goes on below, and no number is cut."""

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table as RichTable

from lenet_keras.counting import count, published
from lenet_keras.hints import printable
from lenet_keras.model import VARIANTS
from lenet_keras.paper import PUBLISHED_CONNECTIONS, PUBLISHED_TRAINABLE

_GAP = 2  # between two columns
_ENDLESS = 100_000  # columns of a file or a pipe


def plain_console():
    """A console of rich that writes texts as they are; what is piped, on lines of any
    length.
    """
    plain = {"highlight": False, "markup": False, "emoji": False}
    console = Console(**plain)
    return console if console.is_terminal else Console(**plain, width=_ENDLESS)


class Table:
    """A table for `Console.print`, in as many parts as the console is narrow.

    Each part begins with the first column, which names the rows.

    Args:
        first: str, the heading of the first column.
        columns: str, the headings of the others.
        left: headings of columns of words, which begin at the left as the first does.
    """

    def __init__(self, first, *columns, left=()):
        self._headings, self._left = (first, *columns), {first, *left}
        self._sections = [[]]

    def add_row(self, *cells):
        """Add a row of texts, one per column; control characters are shown as text."""
        self._sections[-1].append([*map(printable, cells)])

    def add_section(self):
        """Leave a line between the rows so far and those to come."""
        self._sections.append([])

    def __rich_console__(self, console, options):
        widths = [
            max(map(cell_len, column)) for column in zip(*self._rows(), strict=True)
        ]
        if _width(widths) > options.max_width:  # long names go on below themselves
            widths[0] = min(widths[0], options.max_width // 2)
        for number, columns in enumerate(_parts(widths, options.max_width)):
            if number:
                yield ""
            yield self._part(columns, widths[0], console.is_terminal)
        if console.is_terminal:
            yield ""

    def _rows(self):
        return [self._headings, *(row for rows in self._sections for row in rows)]

    def _part(self, columns, first, is_terminal):
        """Some columns, by their numbers, as a table of rich."""
        table = RichTable(
            box=box.SIMPLE_HEAD if is_terminal else None,
            show_edge=False,
            pad_edge=False,
            padding=(0, _GAP - 1 if is_terminal else _GAP, 0, 0),
        )
        for k in columns:
            heading = self._headings[k]
            side = "left" if heading in self._left else "right"
            look = {"max_width": first, "overflow": "fold"} if k == 0 else {}
            table.add_column(heading, justify=side, no_wrap=k > 0, **look)
        for number, rows in enumerate(self._sections):
            if number:
                table.add_section()
            for row in rows:
                table.add_row(*(row[k] for k in columns))
        return table


def _width(widths):
    return sum(widths) + _GAP * (len(widths) - 1)


def _parts(widths, most):
    """The columns, by their numbers, in parts that are no wider than the most."""
    parts = [[0]]
    for column in range(1, len(widths)):
        is_full = _width([widths[k] for k in (*parts[-1], column)]) > most
        if is_full and len(parts[-1]) > 1:
            parts.append([0])
        parts[-1].append(column)
    return parts


def count_table(model):
    """A model, counted: a row a layer, and the totals.

    Args:
        model: as for `counting.count`. Where it is the network of 1998, the figures of
            Section II-B stand beside its own.

    Returns:
        `Table`.
    """
    counts = count(model)
    if model.variant == VARIANTS["1998"]:
        return _count_beside_the_paper(counts)
    table = Table(
        *("layer", "kind", "shape", "trainable", "connections", "field", "stride"),
        "multiply-adds",
        left=("kind",),
    )
    for row in counts.layers:
        table.add_row(
            *(row.name, row.kind, _shape(row)),
            *_numbers(row.trainable, row.connections),
            *_numbers(row.receptive_field, row.stride, row.multiply_adds),
        )
    table.add_section()
    trainable, connections, work = _numbers(
        counts.trainable, counts.connections, counts.multiply_adds
    )
    table.add_row("total", "", "", trainable, connections, "", "", work)
    return table


def _count_beside_the_paper(counts):
    """What is counted, and right of it what Section II-B prints, where it does."""
    table = Table(
        *("layer", "shape", "trainable", "paper", "connections", "paper"),
        *("field", "stride", "fixed", "multiply-adds", "kind"),
        left=("kind",),
    )
    for row in counts.layers:
        said = published(row.name)
        table.add_row(
            *(row.name, _shape(row)),
            *_numbers(row.trainable, said.trainable),
            *_numbers(row.connections, said.connections),
            *_numbers(row.receptive_field, row.stride, row.fixed, row.multiply_adds),
            row.kind,
        )
    table.add_section()
    table.add_row(
        *("total", ""),
        *_numbers(counts.trainable, PUBLISHED_TRAINABLE),
        *_numbers(counts.connections, PUBLISHED_CONNECTIONS),
        *("", "", *_numbers(counts.fixed, counts.multiply_adds), ""),
    )
    return table


def _shape(row):
    return "x".join(map(str, row.shape))


def _numbers(*numbers):
    """Numbers as texts, and a dash for one that is not there."""
    return ["-" if number is None else f"{number:,}" for number in numbers]
