"""LeNet-5 (LeCun, Bottou, Bengio, Haffner, 1998) in Keras 3."""

import importlib

__version__ = "0.1.0"

# Public names are resolved on first use (PEP 562), so that importing the package loads
# neither Keras nor TensorFlow.
_PUBLIC = {
    "model": ("VARIANTS", "Variant", "build_lenet5", "load_model"),
    "layers": (
        "CoveringConv2D",
        "EuclideanRBF",
        "FanInUniform",
        "SparselyConnectedConv2D",
        "Subsampling",
        "scaled_tanh",
    ),
    "losses": (
        "MaximumAPosteriori",
        "MaximumLikelihood",
        "SmoothedCrossentropy",
        "SparseMeanSquaredError",
    ),
    "optimizers": (
        "CurvatureEstimator",
        "StochasticDiagonalLevenbergMarquardt",
        "second_derivatives",
    ),
    "callbacks": ("Checkpoint", "EpochLog", "ProgressBar"),
    "counting": ("count",),
    "data": ("Data", "distort", "load", "make_dataset", "to_input"),
    "page": ("Page", "export_page"),
    "photograph": ("read_digit",),
    "training": ("LADDER", "RECIPES", "Recipe", "Rung", "compile_model", "train"),
    "quiet": ("quiet_start",),
    "evaluation": (
        "calibration",
        "confusion",
        "error_by_class",
        "error_rate",
        "evaluate",
        "histories",
        "ladder",
        "margins",
        "mistakes",
        "most_confused",
        "predict",
        "rejected_for",
        "rejection",
        "report",
        "robustness",
        "transform",
    ),
}
_HOME = {name: module for module, names in _PUBLIC.items() for name in names}
__all__ = sorted(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_HOME[name]}")
    return getattr(module, name)


def __dir__():
    return [*globals(), *__all__]
