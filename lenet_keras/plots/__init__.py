"""The figures: arrays in, a matplotlib Axes or Figure out, in one style."""

from lenet_keras.plots.charts import (
    plot_bars,
    plot_classes,
    plot_curves,
    plot_table,
)
from lenet_keras.plots.course import plot_chain, plot_network
from lenet_keras.plots.images import (
    plot_fields,
    plot_images,
    plot_map,
    plot_maps,
    plot_mistakes,
    plot_mosaic,
    plot_numbers,
    plot_rows,
    plot_walk,
)
from lenet_keras.plots.readings import plot_readings, plot_steps
from lenet_keras.plots.results import (
    plot_calibration,
    plot_confidence,
    plot_confusion,
    plot_confusion_shares,
    plot_error_by_class,
    plot_reading,
    plot_rejection,
    plot_robustness,
)
from lenet_keras.plots.style import (
    BLUE,
    COLOURS,
    GREEN,
    LAYER_COLOURS,
    MARK,
    NEGATIVE,
    POSITIVE,
    SIGNED,
    STYLE,
    VARIANT_COLOURS,
    VERMILION,
    show,
    use_style,
)
from lenet_keras.plots.training import (
    plot_by_images,
    plot_ladder,
    plot_learning_curve,
    plot_paths,
    plot_runs,
    plot_step_sizes,
)
