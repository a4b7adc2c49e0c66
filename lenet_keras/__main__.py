"""`python -m lenet_keras` is the command `lenet5`."""

import sys

from lenet_keras.cli import main

sys.exit(main())
