"""LeNet-5 (LeCun, Bottou, Bengio, Haffner, 1998) in Keras 3."""

from lenet_keras import quiet

# Importing registers our layers, losses and models with Keras, which opens their files.
with quiet.quiet_start():
    from lenet_keras.callbacks import EpochLog
    from lenet_keras.counting import count
    from lenet_keras.data import Data, load, make_dataset
    from lenet_keras.evaluation import (
        calibration,
        confusion,
        doubtful,
        error_by_class,
        error_rate,
        evaluate,
        margins,
        mistakes,
        most_confused,
        penalties,
        predict,
        rejected_for,
        rejection,
        report,
        robustness,
    )
    from lenet_keras.images import distort, to_input, transform
    from lenet_keras.layers import (
        EuclideanRBF,
        FanInUniform,
        SparselyConnectedConv2D,
        Subsampling,
        scaled_tanh,
    )
    from lenet_keras.losses import (
        MaximumAPosteriori,
        MaximumLikelihood,
        SmoothedCrossentropy,
        SoftTargetCrossentropy,
        SparseMeanSquaredError,
    )
    from lenet_keras.model import (
        VARIANTS,
        LeNet5,
        Variant,
        build_lenet5,
        load_model,
    )
    from lenet_keras.optimizers import (
        CurvatureEstimator,
        StochasticDiagonalLevenbergMarquardt,
        second_derivatives,
    )
    from lenet_keras.page import Page, export_page
    from lenet_keras.photograph import read_digit
    from lenet_keras.recipes import (
        LADDER,
        RECIPES,
        Recipe,
        Rung,
        compile_model,
        loss_for,
    )
    from lenet_keras.rows import read_digits
    from lenet_keras.runs import Checkpoint
    from lenet_keras.threads import use_all_cores
    from lenet_keras.training import train
    from lenet_keras.weights import histories, ladder

__version__ = "0.2.0"

__all__ = [
    "Checkpoint",
    "CurvatureEstimator",
    "Data",
    "EpochLog",
    "EuclideanRBF",
    "FanInUniform",
    "LADDER",
    "LeNet5",
    "MaximumAPosteriori",
    "MaximumLikelihood",
    "Page",
    "RECIPES",
    "Recipe",
    "Rung",
    "SmoothedCrossentropy",
    "SoftTargetCrossentropy",
    "SparseMeanSquaredError",
    "SparselyConnectedConv2D",
    "StochasticDiagonalLevenbergMarquardt",
    "Subsampling",
    "VARIANTS",
    "Variant",
    "build_lenet5",
    "calibration",
    "compile_model",
    "confusion",
    "count",
    "distort",
    "doubtful",
    "error_by_class",
    "error_rate",
    "evaluate",
    "export_page",
    "histories",
    "ladder",
    "load",
    "load_model",
    "loss_for",
    "make_dataset",
    "margins",
    "mistakes",
    "most_confused",
    "penalties",
    "predict",
    "read_digit",
    "read_digits",
    "rejected_for",
    "rejection",
    "report",
    "robustness",
    "scaled_tanh",
    "second_derivatives",
    "to_input",
    "train",
    "transform",
    "use_all_cores",
]

_GONE = {
    "CoveringConv2D": "C5 is a keras.layers.Conv2D, which computes the same",
    "ProgressBar": "pass verbose=1 to fit or train",
    "quiet_start": "import lenet_keras before keras, and it starts quietly",
}


def __getattr__(name):
    if name in _GONE:  # an ImportError, since "from" would swallow an AttributeError
        raise ImportError(f"lenet_keras has no {name} any more: {_GONE[name]}.")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
