"""Whole files or none, wherever they are to go."""

import os
import sys
import time

import pytest

from lenet_keras import build_lenet5
from lenet_keras.files import write_whole

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX system")


def text(words):
    return lambda path: path.write_text(words)


def test_a_file_is_written_whole(tmp_path):
    write_whole(tmp_path / "new" / "notes.txt", text("all of it"))
    assert (tmp_path / "new" / "notes.txt").read_text() == "all of it"
    assert os.listdir(tmp_path / "new") == ["notes.txt"]


@pytest.mark.parametrize("failure", [RuntimeError(), OSError(), KeyboardInterrupt()])
def test_an_interrupted_write_leaves_the_old_file_and_no_other(tmp_path, failure):
    path = tmp_path / "notes.txt"
    path.write_text("old")

    def write(temporary):
        temporary.write_text("ha")
        raise failure

    with pytest.raises(type(failure)):
        write_whole(path, write)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_the_temporary_file_has_the_same_ending_and_a_name_of_its_own(tmp_path):
    names = []
    for _ in range(2):
        write_whole(tmp_path / "a.keras", lambda path: names.append(path.name))
    assert len(set(names)) == 2
    assert all(name.endswith(".keras") for name in names)


@posix
def test_a_link_is_followed_and_stays_one(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there" / "file")
    write_whole(link, text("new"))
    assert link.is_symlink()
    assert (tmp_path / "there" / "file").read_text() == "new"


@posix
def test_a_device_is_written_to(tmp_path):
    write_whole(os.devnull, text("gone"))
    assert not os.path.isfile(os.devnull)
    read, write = os.pipe()
    write_whole(f"/dev/fd/{write}", text("through"))
    os.close(write)
    assert os.read(read, 100) == b"through"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_device_is_named():
    with pytest.raises(OSError, match="/dev/full could not be written"):
        write_whole("/dev/full", text("too much"))


@pytest.mark.skipif(not os.path.exists("/sys/kernel"), reason="needs /sys")
def test_a_folder_that_cannot_be_written_is_named():
    """Not even by root."""
    with pytest.raises(OSError, match="/sys/kernel/notes.txt could not be written"):
        write_whole("/sys/kernel/notes.txt", text("new"))


def test_control_characters_of_a_path_are_shown_as_text(tmp_path):
    def write(temporary):
        raise OSError(f"no room for {temporary}")

    with pytest.raises(OSError, match=r"a\\x9b2Jb could not be written") as error:
        write_whole(tmp_path / "a\x9b2Jb", write)
    assert "\x9b" not in str(error.value)


def test_a_clock_before_the_first_year_of_zip_is_told(tmp_path, monkeypatch):
    model = build_lenet5()
    monkeypatch.setattr(time, "time", lambda: 0)
    with pytest.raises(OSError, match="a.keras could not be written.*1980"):
        write_whole(tmp_path / "a.keras", model.save)
    assert not os.listdir(tmp_path)


def test_a_folder_in_the_place_is_named(tmp_path):
    with pytest.raises(OSError, match=f"{tmp_path.name} could not be written"):
        write_whole(tmp_path, text("new"))


@posix
def test_a_long_name_and_a_missing_folder_are_no_trouble(tmp_path):
    path = tmp_path / "new" / ("n" * 245 + ".txt")
    write_whole(path, text("new"))
    assert path.read_text() == "new"


@posix
def test_rights_are_those_of_any_new_file_or_of_the_old_one(tmp_path):
    write_whole(tmp_path / "ours", text("new"))
    (tmp_path / "plain").write_text("new")
    modes = {(tmp_path / name).stat().st_mode for name in ("ours", "plain")}
    assert len(modes) == 1
    (tmp_path / "ours").chmod(0o600)
    write_whole(tmp_path / "ours", text("newer"))
    assert (tmp_path / "ours").stat().st_mode & 0o777 == 0o600
