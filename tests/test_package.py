"""The package as a whole: imports, quiet starts, other backends."""

import gc
import importlib.util
import os
import re
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest
from helpers import python

import lenet_keras
from lenet_keras import VARIANTS, build_lenet5
from lenet_keras.quiet import quiet_start


def test_importing_the_package_registers_what_its_files_hold(tmp_path):
    """Keras imports no foreign module by itself."""
    for name in VARIANTS:
        build_lenet5(name).save(tmp_path / f"{name}.keras")
    for order in ("import keras, lenet_keras", "import lenet_keras, keras"):
        run = python(
            f"""
            {order}
            from pathlib import Path
            for path in Path({str(tmp_path)!r}).iterdir():
                print(type(keras.models.load_model(path)).__name__)
            """
        )
        assert run.stdout.split() == ["LeNet5"] * 6, run.stderr[-2000:]


def test_importing_the_package_starts_quietly_and_sets_no_threads():
    run = python("""
        import lenet_keras, keras
        import tensorflow as tf
        print(tf.config.threading.get_intra_op_parallelism_threads())
        lenet_keras.use_all_cores()
        lenet_keras.build_lenet5()
        print(tf.config.threading.get_intra_op_parallelism_threads())
    """)
    assert run.stdout.split() == ["0", "1"]
    assert run.stderr == ""


def test_builds_leave_nothing_behind():
    for _ in range(3):
        build_lenet5("1998")
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(30):
        build_lenet5("1998")
    gc.collect()
    assert len(gc.get_objects()) - before < 100


TABLES = {"LADDER", "RECIPES", "VARIANTS"}  # a comment above each says what it holds


@pytest.mark.parametrize("name", sorted(set(lenet_keras.__all__) - TABLES))
def test_every_public_name_is_documented(name):
    assert getattr(lenet_keras, name).__doc__


@pytest.mark.parametrize("name", ["CoveringConv2D", "ProgressBar", "quiet_start"])
def test_a_name_that_left_says_what_replaces_it(name):
    with pytest.raises(ImportError, match=f"no {name} any more: .{{10}}"):
        getattr(lenet_keras, name)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'build_lenet6'"):
        lenet_keras.build_lenet6  # noqa: B018


def test_a_failing_start_shows_what_was_held_back(capfd):
    with pytest.raises(ImportError), quiet_start():
        os.write(2, b"the reason\n")
        raise ImportError
    assert "the reason" in capfd.readouterr().err


def test_two_threads_that_start_at_once_leave_standard_error_open(capfd):
    entered, leave = threading.Event(), threading.Event()

    def first():
        with quiet_start():
            entered.set()
            leave.wait(10)

    def second():
        with quiet_start():
            pass

    threads = [threading.Thread(target=run) for run in (first, second)]
    threads[0].start()
    entered.wait(10)
    threads[1].start()
    threads[1].join(0.2)
    leave.set()
    for thread in threads:
        thread.join()
    os.write(2, b"a line\n")
    assert "a line" in capfd.readouterr().err


def test_a_start_can_be_watched(capfd, monkeypatch):
    monkeypatch.setenv("LENET_KERAS_VERBOSE", "1")
    with quiet_start():
        os.write(2, b"a line\n")
    assert "a line" in capfd.readouterr().err


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_networks_run_and_train_on_another_backend(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    run = python(
        """
        import keras, numpy as np, sys
        from lenet_keras import *
        x = np.random.default_rng(0).uniform(-0.1, 1.175, (8, 32, 32, 1))
        x, y = x.astype("float32"), np.arange(8)
        data = load("digits")
        images, labels = data.test_images, data.test_labels
        for variant in VARIANTS:
            model = build_lenet5(variant)
            loss = loss_for(variant, VARIANTS[variant])
            model.compile("adam", loss, metrics=["accuracy"])
            assert model.predict(x, verbose=0).shape == (8, 10)
            before = model.get_weights()
            loss = model.train_on_batch(x, y)[0]
            assert np.isfinite(loss), (variant, loss)
            after = model.get_weights()
            moved = [not np.array_equal(a, b) for a, b in zip(before, after)]
            trained = [w.trainable for w in model.weights]
            assert moved == trained, (variant, moved)
            assert np.isfinite(model.fit(x, y, verbose=0).history["loss"][0])
            assert len(model.evaluate(x, y, verbose=0)) == 2
            assert count(model).layers
            page = export_page(model, sys.argv[1] + variant + ".html")
            assert page.path.is_file()
            shipped = build_lenet5(variant, weights="mnist")
            assert evaluate(shipped, images, labels).error_rate < 0.2
            probabilities = predict(shipped, images[:9])
            assert np.allclose(probabilities.sum(-1), 1, atol=1e-5)
        assert transform(x, "rotation", 5.0).shape == x.shape

        def message(function, *arguments, **options):
            try:
                function(*arguments, **options)
            except (ValueError, RuntimeError) as error:
                return str(error)

        assert "classes=13" in message(model.fit, x, np.arange(8) + 5)
        needs = "needs the TensorFlow backend"
        assert needs in message(train, model, images, labels)
        assert needs in message(distort, x, (0, 0))
        assert needs in message(
            make_dataset, images, labels, training=True, distort=True)
        assert needs in message(second_derivatives, model, model.loss, x)

        optimizer = StochasticDiagonalLevenbergMarquardt(0.5, mu=0.1)
        weight = keras.Variable([1.0, 1.0])
        optimizer.build([weight])
        optimizer.set_curvatures([np.array([0.4, 0.9])])
        optimizer.apply([keras.ops.array([1.0, 2.0])])
        assert np.allclose(keras.ops.convert_to_numpy(weight), [0, 0]), weight
        print(keras.backend.backend())
        """,
        str(tmp_path / "page-"),
        KERAS_BACKEND=backend,
    )
    assert run.stdout.strip() == backend, run.stderr[-2000:]


def test_a_backend_that_keras_does_not_know_is_named_in_a_line():
    run = python("import lenet_keras", KERAS_BACKEND="nothing")
    lines = run.stderr.splitlines()
    assert lines[-1].startswith("ImportError: Keras cannot start on the backend")
    assert "nothing" in lines[-1]
    assert len(lines) < 10


@pytest.fixture
def without(tmp_path):
    """A folder that hides packages, as if they were not installed."""

    def hide(name):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(
            f"raise ModuleNotFoundError(\"No module named '{name}'\", name='{name}')"
        )
        return str(tmp_path)

    return hide


def test_a_backend_that_is_not_installed_is_named_in_a_line(without):
    run = python("import lenet_keras", KERAS_BACKEND="jax", PYTHONPATH=without("jax"))
    lines = run.stderr.splitlines()
    assert lines[-1] == (
        "ImportError: Keras cannot start on the backend it is set to: No module "
        "named 'jax'. Install it, or set KERAS_BACKEND=tensorflow."
    )
    assert len(lines) < 10


@pytest.mark.parametrize(
    ("backend", "missing", "message"),
    [
        ("jax", "jax", "Keras cannot start on the backend it is set to: No module"),
        ("nothing", "none", "Keras cannot start on the backend it is set to: "),
        ("tensorflow", "tensorflow", "lenet_keras needs TensorFlow: No module named"),
    ],
)
def test_a_command_without_its_backend_is_one_line(backend, missing, message, without):
    path = os.pathsep.join(
        (without(missing), str(Path(lenet_keras.__file__).parents[1]))
    )
    run = subprocess.run(
        [sys.executable, "-m", "lenet_keras", "summary"],
        capture_output=True,
        text=True,
        timeout=100,
        env=os.environ | {"KERAS_BACKEND": backend, "PYTHONPATH": path},
    )
    assert run.returncode == 2
    assert run.stderr.startswith(f"lenet5: error: {message}")
    assert run.stderr.count("\n") == 1


def test_type_checkers_may_read_our_types():
    assert (Path(lenet_keras.__file__).parent / "py.typed").is_file()


ROOT = Path(lenet_keras.__file__).parents[1]


@pytest.mark.parametrize("folder", ["tests", "benchmarks", "lecture", "notebooks"])
def test_the_source_distribution_holds_all_that_the_tests_read(folder):
    manifest = (ROOT / "MANIFEST.in").read_text("utf-8").splitlines()
    lines = (line.split() for line in manifest)
    patterns = next(w[2:] for w in lines if w[:2] == ["recursive-include", folder])
    passing = {"__pycache__", ".ipynb_checkpoints", ".pytest_cache"}
    files = [p for p in (ROOT / folder).rglob("*") if p.is_file()]
    files = [p for p in files if not passing & set(p.parts)]
    assert files
    left_out = [p.name for p in files if not any(map(p.match, patterns))]
    assert left_out == []


def test_what_is_said_of_the_package_agrees():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f"version: {lenet_keras.__version__}\n" in citation
    assert f"## {lenet_keras.__version__}\n" in changes
    pins = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    pins = [line for line in pins if not line.startswith("#")]
    assert pins[-1] == "-e ."
    for line in pins[:-1]:
        assert line.split()[1:4] == [";", "python_version", ">="], line
    names = {re.split("[=<>]", pin)[0] for pin in pins}
    extras = project["optional-dependencies"]
    for need in (*project["dependencies"], *extras["test"], *extras["notebooks"]):
        assert re.split("[=<>]", need)[0] in names, need
