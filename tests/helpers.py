"""What several test files compute, and how they run scripts."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageDraw
from scipy.ndimage import gaussian_filter


def moments(image):
    """Centre and spread of the ink along the rows and the columns."""
    ink = np.asarray(image, float)[0, ..., 0] + 0.1
    axis = np.arange(32)
    centres = [(ink.sum(1 - k) * axis).sum() / ink.sum() for k in (0, 1)]
    spreads = [
        (ink.sum(1 - k) * (axis - centres[k]) ** 2).sum() / ink.sum() for k in (0, 1)
    ]
    return np.array(centres), np.sqrt(spreads)


def digit(text, size=28):
    """Draw a digit as MNIST would hold it: bytes, ink high."""
    picture = Image.new("L", (size, size))
    ImageDraw.Draw(picture).text((size * 0.3, 0), text, fill=255, font_size=size * 0.8)
    return np.asarray(picture)


def operations(function, *arguments):
    """The operations that TensorFlow traces of a function."""
    traced = tf.function(function).get_concrete_function(*arguments)
    return traced.graph.get_operations()


def python(script, *arguments, **environment):
    """Run a script in a process of its own; what it printed, as `subprocess` has it."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | environment,
    )


def ask_page(page, what, **request):
    """Let Node run the very scripts of an exported page; its answer."""
    if shutil.which("node") is None:
        pytest.skip("Node is not here: install it to run the page's scripts")
    run = subprocess.run(
        ["node", Path(__file__).with_name("run_page.js"), page],
        input=json.dumps({"what": what, **request}),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def draw(strokes=((60, 40), (140, 40), (90, 160)), size=(200, 200), width=14):
    """Ink on paper as a grey picture, dark on light: a 7 unless told otherwise."""
    picture = Image.new("L", size, 255)
    ImageDraw.Draw(picture).line(strokes, fill=20, width=width, joint="curve")
    return picture


def close(a, b):
    """Whether two inputs look the same: slightly blurred, they correlate by 0.95.

    The blur forgives the one pixel by which whole-pixel sizes and shifts may jump.
    """
    pair = [gaussian_filter(np.asarray(x)[..., 0], 1).ravel() for x in (a, b)]
    return np.corrcoef(pair)[0, 1] > 0.95
