"""What LeCun, Bottou, Bengio and Haffner (1998) print, as data: no formula, no Keras.

"Gradient-Based Learning Applied to Document Recognition", Proceedings of the IEEE
86(11), 1998. Sections and pages are those of the authors' preprint. The numbers stand
here as they were published, so that what we compute can be held against them.
"""

from typing import NamedTuple

import numpy as np

# Table I: the S2 maps that each of the 16 maps of C3 reads.
C3_INPUTS = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)  # fmt: skip

# Section II-B: white is -0.1 and black 1.175.
BACKGROUND, INK = -0.1, 1.175
PER_BYTE = 0.005  # so that byte 0 is white and byte 255 black

# Section II-B and Appendix A: the squashing function A tanh(S a).
AMPLITUDE, SLOPE = 1.7159, 2 / 3

# Appendix A: weights start uniform in +-2.4 / fan-in; see `FanInUniform` for the root.
INITIAL_RANGE = 2.4

# Section III-B: the learning rate eta of each of the 20 passes, the damping mu, and on
# how many patterns the second derivatives are estimated before each pass (Appendix C).
LEARNING_RATES = (5e-4,) * 2 + (2e-4,) * 3 + (1e-4,) * 3 + (5e-5,) * 4 + (1e-5,) * 8
DAMPING = 0.02
CURVATURE_PATTERNS = 500

# Section III-B: the step sizes of the first pass lay between about these two.
PUBLISHED_STEP_SIZES = 7e-5, 0.016


class PublishedLayer(NamedTuple):
    """One row of Section II-B: what the paper says of a layer of LeNet-5."""

    name: str
    shape: tuple[int, ...]
    trainable: int
    connections: int | None  # None: the paper prints no figure for this layer


# Section II-B. The total closes only with 10,164 for F6 and 840 for the output.
PUBLISHED_LAYERS = (
    PublishedLayer("c1", (28, 28, 6), 156, 122_304),
    PublishedLayer("s2", (14, 14, 6), 12, 5_880),
    PublishedLayer("c3", (10, 10, 16), 1_516, 151_600),
    PublishedLayer("s4", (5, 5, 16), 32, 2_000),
    PublishedLayer("c5", (1, 1, 120), 48_120, 48_120),
    PublishedLayer("f6", (84,), 10_164, None),
    PublishedLayer("output", (10,), 0, None),
)
PUBLISHED_TRAINABLE = 60_000
PUBLISHED_CONNECTIONS = 340_908

# Section III-B: test error in percent, without and with distortions (Fig. 9).
PUBLISHED_TEST_ERROR = 0.95
PUBLISHED_TEST_ERROR_DISTORTED = 0.8

# Fig. 5, read off the drawing to 0.02: error in percent after each pass, on the test
# images and, on the fly, on the training images. It has 21 points for "20" passes.
PUBLISHED_TEST_CURVE = (
    2.67, 2.24, 1.48, 1.42, 1.42, 1.08, 1.03, 1.05, 0.97, 0.95, 0.95, 0.97,
    0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95,
)  # fmt: skip
PUBLISHED_TRAINING_CURVE = (
    4.95, 3.07, 1.77, 1.48, 1.21, 0.89, 0.76, 0.68, 0.55, 0.47, 0.44, 0.42,
    0.39, 0.36, 0.36, 0.36, 0.36, 0.34, 0.34, 0.34, 0.34,
)  # fmt: skip

# Fig. 6, read off the drawing to 0.01: test error in percent by training images.
PUBLISHED_BY_IMAGES = {15_000: 1.68, 30_000: 1.14, 60_000: 0.94}

# Fig. 8: the 82 misclassified test images of the network trained with distortions, row
# by row, truth and answer.
PUBLISHED_MISTAKES = tuple(
    (int(truth), int(answer))
    for truth, answer in """
    46 35 82 21 53 48 28 35 65 73 94 80 78 53 87 06 37 27 83 94
    82 53 48 39 60 98 49 61 94 91 94 20 61 35 32 95 60 60 60 68
    46 73 94 46 27 97 43 94 94 94 87 42 84 35 84 65 85 38 38 98
    15 98 63 02 65 95 07 16 49 21 28 85 49 72 72 65 97 61 56 50
    49 28
    """.split()  # noqa: SIM905
)

# Fig. 10: percent of the test images to reject for an error of 0.5% on the others. The
# paper gives no figure for LeNet-5.
PUBLISHED_REJECTION = {
    "k-nearest neighbours": 8.1,
    "LeNet-1": 3.7,
    "20x20-300-10": 3.2,
    "tangent distance": 1.9,
    "LeNet-4": 1.8,
    "support vectors": 1.8,
    "LeNet-4 and k-nearest": 1.6,
    "LeNet-4, local": 1.4,
    "boosted LeNet-4": 0.5,
}


class PublishedMethod(NamedTuple):
    """A row of Figs. 9 and 12: a method, what it stores, and its errors on MNIST."""

    name: str
    family: str
    error: float  # percent of the test images
    variables: int | None  # thousands of stored numbers; None: not in Fig. 12
    multiply_adds: int | None  # thousands for one digit; None: not in Fig. 11


# Figs. 9, 11 and 12: test error, work and memory of all methods of Section III-C.
# "deslanted" digits had their slant removed, "16x16" ones were made smaller, and
# "distorted" ones joined the training set.
PUBLISHED_METHODS = tuple(
    PublishedMethod(*row)
    for row in (
        ("linear", "linear", 12.0, 4, 4),
        ("linear, deslanted", "linear", 8.4, None, None),
        ("pairwise linear", "linear", 7.6, 35, 36),
        ("40 PCA + quadratic", "linear", 3.3, 40, 39),
        ("1000 RBF + linear", "linear", 3.6, 794, 794),
        ("K-NN", "memory", 5.0, None, None),
        ("K-NN, deslanted", "memory", 2.4, 24_000, 24_000),
        ("tangent distance, 16x16", "memory", 1.1, 25_000, 20_000),
        ("SVM, degree 4", "memory", 1.1, 14_000, 14_000),
        ("reduced-set SVM, degree 5", "memory", 1.0, 650, 650),
        ("virtual SVM, degree 9, distorted", "memory", 0.8, 28_000, 28_000),
        ("300 hidden units", "dense", 4.7, None, None),
        ("300 hidden units, distorted", "dense", 3.6, None, None),
        ("300 hidden units, 20x20, deslanted", "dense", 1.6, 123, 123),
        ("1000 hidden units", "dense", 4.5, 795, 795),
        ("1000 hidden units, distorted", "dense", 3.8, None, None),
        ("300-100 hidden units", "dense", 3.05, 267, 267),
        ("300-100 hidden units, distorted", "dense", 2.5, None, None),
        ("500-150 hidden units", "dense", 2.95, 469, 469),
        ("500-150 hidden units, distorted", "dense", 2.45, None, None),
        ("LeNet-1, 16x16", "convolutional", 1.7, 3, 100),
        ("LeNet-4", "convolutional", 1.1, 17, 260),
        ("LeNet-4, local", "convolutional", 1.1, 24_000, 20_000),
        ("LeNet-4, K-NN", "convolutional", 1.1, 24_000, 10_000),
        ("LeNet-5", "convolutional", 0.95, 60, 401),
        ("LeNet-5, distorted", "convolutional", 0.8, None, None),
        ("boosted LeNet-4, distorted", "convolutional", 0.7, 51, 460),
    )
)

# Fig. 3: the output codes of the 96 characters from code 32 (space) to 127, each a
# picture 7 wide and 12 high: one byte a row from the top, the leftmost pixel in bit 6.
_CODES = """
    000000000000000000000000
    0c0c0c0c0c0c0c000c0c0000
    363636360000000000000000
    0036367f7f367f7f36360000
    3e14143e773c1e17773e1400
    7353760c0c18183765670000
    3c6666663c3c6766663f0000
    1e0e0e0c1800000000000000
    0306040c0c0c0c0c0c040603
    3018080c0c0c0c0c0c081830
    00086b3e1c771c3e6b080000
    00000c0c3f3f0c0c00000000
    0000000000001e0e0e0c1800
    000000007f7f000000000000
    000000000000000c1e0c0000
    0003070e0c0c0c0c1c383000
    3e001c3663636363361c0000
    0c1c3c0c0c0c0c0c0c3f0000
    3e003e6343061c30607f0000
    7f03060c1e030303633e0000
    3e00003333736363673f0303
    3e007f60603c1e03633e0000
    1e3060607e736363733e0000
    7f0303060c0c181818180000
    3e6363633e636363633e0000
    3e676363673f0303063c0000
    00000c1e0c00000c1e0c0000
    00000c1e0c001e0e0e0c1800
    0003060c1830180c06030000
    0000003f3f00003f3f000000
    0030180c0603060c18300000
    3e636303060c0c000c0c0000
    003e7f676f69696f703f0000
    3e2263637f63636363630000
    3e60607e73636363737e0000
    3e00003f70606060703f0000
    3f03033f67636363673f0000
    7f6160607c606060617f0000
    3e3f3030307e303030300000
    3e00003f606c6f6d613f0000
    636363637f63636363630000
    1e0c0c0c0c0c0c0c0c1e0000
    3e0c0c001c0c0c0c0c6c6e7e
    7e6060666c78786c66630000
    6060606060606060617f0000
    3e0000367f6b6b6363630000
    3e00007e7363636363630000
    3e00003e63636363633e0000
    3e00007e73636363737e6060
    3e00003f67636363673f0303
    7e6363637e7c666663630000
    3e00003e633c1e03633e0000
    7f0c0c0c0c0c0c0c0c0c0000
    3e00006363636363673f0000
    3e00006363636336361c0800
    3e00006363636b6b7f360000
    3e000063633e1c3e63630000
    3e000063636363673f03633e
    3e00007f060c1830607f0000
    0f0c0c0c0c0c0c0c0c0c0f00
    0030381c0c0c0c0c0e070300
    3c0c0c0c0c0c0c0c0c0c3c00
    081c36630000000000000000
    000000000000000000007f00
    1e1c1c0c0600000000000000
    0000003e033f6363673f0000
    6060607e73636363737e0000
    0000003f70606060703f0000
    0303033f67636363673f0000
    0000003e63637f60633e0000
    1e333030307e303030300000
    0000003e676363673f03633e
    6060607e7363636363630000
    000c0c001c0c0c0c0c1e0000
    000c0c001c0c0c0c0c6c6e7e
    606060666c78786c66630000
    1c0c0c0c0c0c0c0c0c1e0000
    000000367f6b6b6363630000
    0000007e7363636363630000
    0000003e63636363633e0000
    0000007e73636363737e6060
    0000003f67636363673f0303
    0000007e7360606060600000
    0000003e633c1e03633e0000
    303030307f303030371e0000
    0000006363636363673f0000
    0000006363636336361c0800
    0000006363636b6b7f360000
    00000063633e1c3e63630000
    00000063636363673f03633e
    0000007f060c1830607f0000
    03060c0c061c1c060c0c0603
    000c0c0c0c0c0c0c0c0c0c00
    30180c0c180e0e180c0c1830
    00397f4e0000000000000000
    000000000000000000000000
""".split()  # noqa: SIM905
CHARACTERS = "".join(map(chr, range(32, 128)))


def output_code(character):
    """Return the 7x12 picture that stands for a character in the output layer.

    Args:
        character: str, one of the 96 `CHARACTERS` (codes 32 to 127).

    Returns:
        int8 array (12, 7) of +1 (black) and -1 (white): Fig. 3 of the paper.

    Raises:
        ValueError: if the character has no code.
    """
    if len(character) != 1 or character not in CHARACTERS:
        raise ValueError(
            f"The paper draws a code for the characters {CHARACTERS[:-1]!r} and code "
            f"127; received {character!r}. Choose classes among them."
        )
    rows = bytes.fromhex(_CODES[CHARACTERS.index(character)])
    bits = np.unpackbits(np.frombuffer(rows, np.uint8)).reshape(12, 8)[:, 1:]
    return 2 * bits.astype("int8") - 1
