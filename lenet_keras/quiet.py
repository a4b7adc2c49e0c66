"""Start Keras on TensorFlow without the lines that TensorFlow logs while it starts."""

import contextlib
import os
import sys
import tempfile


@contextlib.contextmanager
def quiet_start():
    """Hold back what is written to standard error; show it if the block fails.

    TensorFlow logs past Python, straight to the process's standard error, while it is
    imported and once more at its first operation. Set LENET_KERAS_VERBOSE=1 to see the
    lines always: on a machine with a GPU they say what is missing.

    Example:

        with quiet_start():
            import keras
            keras.ops.zeros(())
    """
    if os.environ.get("LENET_KERAS_VERBOSE"):
        yield
        return
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(shown, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(shown, 2)
            os.close(shown)
