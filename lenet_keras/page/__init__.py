"""LeNet-5 as one HTML file: draw a digit and watch every layer (Figure 2, alive).

The page opens from disk with the network off: its style, its scripts and the weights
stand in the file itself. The forward pass is written out in `lenet.js`, and tested
against Keras. What runs in the page lies beside this file, one file per thought.
"""

import base64
import html
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np

from lenet_keras.checks import check_weights
from lenet_keras.counting import count
from lenet_keras.files import write_whole
from lenet_keras.hints import printable
from lenet_keras.layers import Subsampling
from lenet_keras.losses import MaximumAPosteriori
from lenet_keras.model import VARIANTS, build_lenet5, is_built_as
from lenet_keras.weights import card, shipped_weights

WEB = Path(__file__).parent

# What runs in the page, in this order.
SCRIPTS = """
    lenet digit unit reach backprop strokes learn npz address words state
    picture inspector answer pad layers play lessons tour page
"""

# The squashing functions that `lenet.js` has.
_ACTIVATIONS = ("tanh", "sigmoid", "relu", "scaled_tanh")


class Page(NamedTuple):
    """Where the page lies; as the last line of a notebook's cell it shows itself."""

    path: Path

    def _repr_html_(self):
        source = html.escape(self.path.read_text(encoding="utf-8"))
        return (
            f'<iframe srcdoc="{source}" title="LeNet-5" width="100%" height="900" '
            'style="border: 0" allow="fullscreen"></iframe>'
        )


def export_page(model, path):
    """Write the page of a network: draw a digit, watch every layer.

    One HTML file of less than 600 kB that opens from disk and asks the network for
    nothing. Its probabilities are those of `predict`, for a drawing framed as
    `read_digit` frames it. The network learns in the page, and its weights can be saved
    there as an `.npz` that `build_lenet5(weights=...)` loads.

    Args:
        model: `keras.Model` from `build_lenet5`, any variant, on a 32x32 input, or on
            28x28 with `include_preprocessing`.
        path: str or Path of the file to write, for instance "lenet5.html".

    Returns:
        `Page`, with the `path`; a notebook shows it.

    Raises:
        ValueError: for a model that is not one of our LeNet-5s, or whose weights are
            not all finite. OSError: if the file cannot be written.
    """
    check_weights(model)
    page = _assemble(_describe(model))
    path = Path(path)
    write_whole(path, lambda file: file.write_text(page, encoding="utf-8"))
    return Page(path)


def _assemble(description):
    """The template with the style, the scripts and the network put in."""
    page = _read("page.html")
    scripts = "".join(
        f'<script id="{name}.js">\n"use strict";\n{_read(name + ".js")}</script>\n'
        for name in SCRIPTS.split()
    )
    page = page.replace("<!-- style -->", f"<style>\n{_read('page.css')}</style>")
    page = page.replace("<!-- scripts -->\n", scripts)
    # "<" would end the script element wherever a model's name holds "</script>".
    network = json.dumps(description).replace("<", r"\u003c")
    return page.replace("<!-- network -->", network)


def _read(name):
    return (WEB / name).read_text(encoding="utf-8")


def _describe(model):
    """All that the page needs to know of the network, ready for JSON."""
    variant = _variant_of(model)
    layers = {layer.name: layer for layer in model.layers}
    classes = getattr(layers["output"], "classes", None)
    rows = count(model).layers
    return {
        "name": model.name,
        "variant": variant.name,
        "initializer": variant.initializer.__name__,
        "rubbish": MaximumAPosteriori().j,
        "doubt": _doubt(model, variant),
        "activation": _name(variant.activation),
        "subsampling": variant.subsampling,
        "squashSubsampling": variant.squash_subsampling,
        "table": variant.c3_table or [list(range(6))] * 16,
        "c5": variant.c5,
        "output": variant.output,
        "classes": list(classes or map(str, range(model.output_shape[-1]))),
        "layers": [row._asdict() for row in rows],
        "trainable": sum(row.trainable for row in rows),
        "connections": sum(row.connections for row in rows),
        "weights": base64.b64encode(_weights(layers).tobytes()).decode(),
    }


def _weights(layers):
    """All weights in a row, as little-endian float32, in the order of `lenet.js`.

    Each kernel is laid out as the paper draws it: for each map, for each map that it
    reads, rows by columns. A dense layer is a convolution whose kernels cover all.
    """
    arrays = []
    for name in ("c1", "s2", "c3", "s4", "c5", "f6", "output"):
        weights = [np.asarray(weight) for weight in layers[name].get_weights()]
        if name == "c5":
            weights[0] = weights[0].reshape(5, 5, 16, 120)
        if weights and type(layers[name]) is not Subsampling:
            # (rows, columns, maps read, maps) or (inputs, units): the maps come first.
            axes = {4: (3, 2, 0, 1), 3: (2, 0, 1), 2: (1, 0)}[weights[0].ndim]
            weights[0] = weights[0].transpose(axes)
        arrays += [weight.ravel() for weight in weights]
    return np.concatenate(arrays).astype("<f4")


def _doubt(model, variant):
    """When a reading is doubtful: the card's rule, for its own weights; else None."""
    if variant not in VARIANTS.values():
        return None
    for name, file in shipped_weights(variant.name).items():
        rule = card().get(file.name, {}).get("doubt")
        if not rule:
            continue
        shipped = build_lenet5(variant, weights=name).get_weights()
        if all(map(np.array_equal, model.get_weights(), shipped)):
            return {key: rule[key] for key in ("measure", "threshold")}
    return None


def _variant_of(model):
    """Which variant a model is; its layers must still be that variant's."""
    variant = getattr(model, "variant", None)
    if variant is None or not is_built_as(model, variant):
        why = "has other layers"
    elif model.input_shape[1:] not in ((32, 32, 1), (28, 28, 1)):
        why = f"reads images of {model.input_shape[1:]}"
    elif _name(variant.activation) not in _ACTIVATIONS:
        why = f"has the activation {_name(variant.activation)!r}"
    else:
        return variant
    raise ValueError(
        "the page draws a LeNet-5 for 32x32 images, or for 28x28 with "
        f"include_preprocessing, whose activation is one of {', '.join(_ACTIVATIONS)}; "
        f"received {printable(model.name)!r}, which {why}. Build it with build_lenet5, "
        "and change no layer."
    )


def _name(activation):
    return getattr(activation, "__name__", activation)
