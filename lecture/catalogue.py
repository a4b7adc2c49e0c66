"""The figures of the lecture in teaching order, section by section."""

from lecture import inputs, inside, network, results, unit

SECTIONS = {
    "input": {
        "opening": inputs.opening,
        "digits": inputs.digits,
        "input-values": inputs.input_values,
        "distortions": inputs.distortions,
    },
    "layers": {
        "architecture": network.architecture,
        "convolution": unit.convolution,
        "weight-sharing": unit.weight_sharing,
        "subsampling": unit.subsampling,
        "squashing": network.squashing,
        "receptive-fields": network.receptive_fields,
        "table-1": network.table_1,
        "codes": network.codes,
        "codes-96": network.codes_96,
        "layers": network.layers,
    },
    "inside": {
        "one-digit": network.one_digit,
        "kernels": network.kernels,
        "kernels-c3": network.kernels_c3,
        "classes-apart": inside.classes_apart,
    },
    "training": {
        "gradient-step": inside.gradient_step,
        "back-propagation": inside.back_propagation,
        "learning-curves": results.learning_curves,
        "training-set-size": results.training_set_size,
    },
    "errors": {
        "confusion-errors": results.confusion_errors,
        "mistakes": results.mistakes,
        "confused-pairs": results.confused_pairs,
        "confidence": results.confidence,
        "rejection": results.rejection,
        "occlusion": inside.occlusion,
        "changed-digits": results.changed_digits,
        "robustness": results.robustness,
    },
    "today": {
        "ladder": results.ladder,
        "methods": results.methods,
    },
}

FIGURES = {
    name: draw for figures in SECTIONS.values() for name, draw in figures.items()
}
