"""Cores and threads: set by one line, before TensorFlow's first operation, or not."""

import pytest
from helpers import python

from lenet_keras.hints import counted
from lenet_keras.threads import cores, describe_threads, threads

BEFORE = "import lenet_keras, keras, tensorflow as tf; config = tf.config.threading\n"
AFTER = """
print(config.get_intra_op_parallelism_threads(),
      config.get_inter_op_parallelism_threads())
"""


def set_threads(script, **environment):
    run = python(BEFORE + script + AFTER, PYTHONWARNINGS="always", **environment)
    assert run.returncode == 0, run.stderr[-2000:]
    return [int(number) for number in run.stdout.split()], run.stderr


def test_one_line_gives_each_operation_one_thread_and_may_come_twice():
    """Where a variable of the environment is empty, nothing is set by it."""
    found, said = set_threads(
        "keras.utils.set_random_seed(0)\n" + 2 * "lenet_keras.use_all_cores()\n",
        TF_NUM_INTRAOP_THREADS="",
    )
    assert found == [1, cores()]
    assert "Warning" not in said


def test_it_says_when_it_comes_too_late():
    found, said = set_threads("keras.optimizers.Adam()\nlenet_keras.use_all_cores()")
    assert found == [0, 0]
    assert "use_all_cores() comes too late" in said
    assert "restart the kernel" in said


def test_threads_that_the_user_set_stay():
    found, said = set_threads(
        "config.set_intra_op_parallelism_threads(3)\nlenet_keras.use_all_cores()"
    )
    assert found == [3, 0]
    assert "Warning" not in said


@pytest.mark.parametrize(
    "variable", ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"]
)
def test_threads_that_the_environment_sets_stay_and_are_known(variable):
    script = "lenet_keras.use_all_cores()\nfrom lenet_keras.threads import threads\n"
    found, _ = set_threads(script + "print(*threads())", **{variable: "2"})
    assert sorted(found[:2]) == [0, 2]
    assert found[2:] == [0, 0]


def test_where_a_training_runs_is_told_in_a_line():
    within, across = threads()
    assert describe_threads() == (
        f"Device: CPU, {counted(cores(), 'core')}; {counted(within, 'thread')} per "
        f"operation, {counted(across, 'operation')} at once"
    )
