"""Start Keras on TensorFlow without the lines that TensorFlow logs while it starts."""

import contextlib
import os
import sys
import tempfile
import threading

_BACKENDS = ("tensorflow", "jax", "torch", "openvino")
# Standard error is the whole process's: a second thread would put back the first one's.
_ONE_AT_A_TIME = threading.RLock()


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
    _open_what_is_closed()
    if os.environ.get("LENET_KERAS_VERBOSE"):
        yield
        return
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as held:
        sys.stderr.flush()
        shown = os.dup(2)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except (ModuleNotFoundError, ValueError) as error:
            missing = getattr(error, "name", None)
            if missing not in _BACKENDS and "import backend" not in str(error):
                raise
            message = f"Keras cannot start on the backend it is set to: {error}. "
            message += "Install it, or set KERAS_BACKEND=tensorflow."
            if missing == "tensorflow":
                message = f"lenet_keras needs TensorFlow: {error}. Install it."
            if _is_command():
                os.write(shown, f"lenet5: error: {message}\n".encode())
                sys.exit(2)
            raise ImportError(message) from None
        except BaseException:
            held.seek(0)
            os.write(shown, held.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(shown, 2)
            os.close(shown)


def _is_command():
    """Whether this process is the command `lenet5`, which has begun to import."""
    is_module = sys.argv[0] == "-m" and "lenet_keras" in sys.orig_argv
    return is_module or os.path.splitext(os.path.basename(sys.argv[0]))[0] == "lenet5"


def _open_what_is_closed():
    """Put the null device where standard input, output or error are closed.

    Otherwise the next file gets their number, and TensorFlow logs into it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
