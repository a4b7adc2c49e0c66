"""Cores and TensorFlow's threads: many small operations at once, one thread in each.

LeNet-5's operations take microseconds. Sharing one of them out between cores costs more
than it gains; computing two at the same time does not.
"""

import functools
import os
import warnings

import keras
import tensorflow as tf

from lenet_keras.hints import counted
from lenet_keras.quiet import quiet_start


def use_all_cores():
    """Give TensorFlow one thread per operation, and one operation per core at a time.

    It holds for the whole process, whose large layers would be better off without, so
    it is your line to write: the first of a script, before TensorFlow runs an operation
    (`keras.optimizers.Adam()` is one; imports are not). It leaves alone threads that
    you or the environment have set, and does nothing with a GPU or another backend.

    Warns:
        UserWarning: when it comes too late.
    """
    if keras.backend.backend() != "tensorflow" or has_gpu() or any(threads()):
        return
    try:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(cores())
    except RuntimeError:
        warnings.warn(
            "use_all_cores() comes too late: TensorFlow has run an operation and keeps "
            "the threads that it has. Call it before models, optimizers and datasets "
            "are made; in a notebook, restart the kernel.",
            stacklevel=2,
        )


def cores():
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def threads():
    """Threads inside an operation, and operations at once, as set; 0 for TensorFlow's.

    TensorFlow says 0 of those that the environment sets.
    """
    of_config, environment = tf.config.threading, os.environ
    within = of_config.get_intra_op_parallelism_threads()
    across = of_config.get_inter_op_parallelism_threads()
    return (
        within or int(environment.get("TF_NUM_INTRAOP_THREADS") or 0),
        across or int(environment.get("TF_NUM_INTEROP_THREADS") or 0),
    )


def operations_at_once():
    """How many operations run at the same time, one thread in each; else 1."""
    within, across = threads()
    return max(1, across) if within == 1 else 1


def describe_threads():
    """Where a training runs, in words: the device, its cores, TensorFlow's threads."""
    if has_gpu():
        return "Device: GPU"
    within, across = (
        counted(number, what) if number else f"TensorFlow's {what}s"
        for number, what in zip(threads(), ("thread", "operation"), strict=True)
    )
    return (
        f"Device: CPU, {counted(cores(), 'core')}; {within} per operation, {across} "
        "at once"
    )


@functools.cache  # the machine keeps what it has
def has_gpu():
    """Whether TensorFlow sees a GPU."""
    with quiet_start():  # where there is none, it warns of its driver
        return bool(tf.config.list_physical_devices("GPU"))
