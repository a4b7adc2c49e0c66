"""Tables on wide and narrow terminals: every number is whole."""

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from lenet_keras import VARIANTS, build_lenet5, count
from lenet_keras.tables import Table, count_table, plain_console


def printed(table, width):
    """What a terminal of this width shows."""
    shown = io.StringIO()
    Console(file=shown, width=width, force_terminal=True, color_system=None).print(
        table
    )
    return shown.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("variant", VARIANTS)
def test_no_number_is_cut_however_narrow_the_terminal(variant, width):
    model = build_lenet5(variant)
    shown = printed(count_table(model), width)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert "…" not in shown
    words = shown.split()
    for row in count(model).layers:
        for number in (row.trainable, row.connections, row.multiply_adds):
            assert f"{number:,}" in words
    assert f"{count(model).connections:,}" in words


def test_a_row_that_is_too_wide_goes_on_below_under_its_name():
    table = Table("name", *"abc")
    table.add_row("first", "11111", "22222", "33333")
    table.add_section()
    table.add_row("second", "1", "2", "3")
    lines = [line.split() for line in printed(table, 20).splitlines()]
    rows = [line for line in lines if line and line[0] in ("name", "first", "second")]
    assert rows == [
        ["name", "a", "b"],
        ["first", "11111", "22222"],
        ["second", "1", "2"],
        ["name", "c"],
        ["first", "33333"],
        ["second", "3"],
    ]


def test_a_long_name_is_folded_and_kept_whole():
    table, name = Table("picture", "answer"), "a photograph 照片 of a digit" * 2
    table.add_row(name, "99.98%")
    shown = printed(table, 40)
    assert max(map(cell_len, shown.splitlines())) <= 40
    assert "99.98%" in shown
    assert re.sub(r"\s", "", name) in re.sub(r"\s|99.98%", "", shown)


def test_what_is_piped_is_one_plain_line_a_row(monkeypatch, capsys):
    table = Table("name", *map(str, range(40)), left=("3",))
    table.add_row("x" * 100, *["1,234,567"] * 40)
    plain_console().print(table)
    head, row = capsys.readouterr().out.splitlines()
    assert row.split() == ["x" * 100, *["1,234,567"] * 40]
    assert head.isascii()
    assert "\x1b" not in head
