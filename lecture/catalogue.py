"""The figures of the lecture in teaching order, section by section."""

from lecture import inputs, inside, moving, network, photographs, results, unit
from lecture.moving import still

# Those that also move; in the sections they stand still.
FILMS = {
    "sliding": moving.sliding,
    "coming-apart": moving.coming_apart,
    "walking-back": moving.walking_back,
    "learning": moving.learning,
    "turning": moving.turning,
}

SECTIONS = {
    "input": {
        "opening": inputs.opening,
        "digits": inputs.digits,
        "photograph": photographs.photograph,
        "input-values": inputs.input_values,
        "distortions": inputs.distortions,
    },
    "layers": {
        "architecture": network.architecture,
        "convolution": unit.convolution,
        "weight-sharing": unit.weight_sharing,
        "sliding": still(moving.sliding),
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
        "coming-apart": still(moving.coming_apart),
    },
    "training": {
        "gradient-step": inside.gradient_step,
        "back-propagation": inside.back_propagation,
        "walking-back": still(moving.walking_back),
        "learning": still(moving.learning),
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
        "turning": still(moving.turning),
        "robustness": results.robustness,
        "row-of-digits": photographs.row_of_digits,
    },
    "today": {
        "ladder": results.ladder,
        "methods": results.methods,
    },
}


def slide_numbers(names):
    """Which slide of a deck of some figures each is: title and sections count too.

    Args:
        names: those of the figures in the deck.

    Returns:
        Dict of each name and its number.
    """
    numbers, number = {}, 1  # the title
    for own in SECTIONS.values():
        shown = [name for name in own if name in names]
        number += bool(shown)  # the section's own page
        for name in shown:
            number += 1
            numbers[name] = number
    return numbers


FIGURES = {
    name: draw for figures in SECTIONS.values() for name, draw in figures.items()
}
