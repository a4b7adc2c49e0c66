"""Write what the README says in numbers, in English and Chinese, from the records.

    python benchmarks/readme.py

Reads the results of the other benchmarks, the recorded histories and the card of the
weights, counts the models, and fills the marked places of README.md and README.zh.md.
"""

import json
from pathlib import Path
from statistics import median

import accuracy
import reproduce
import speed

from lenet_keras import VARIANTS, build_lenet5, count
from lenet_keras.files import write_whole
from lenet_keras.paper import PUBLISHED_TEST_ERROR
from lenet_keras.weights import FOLDER

PAGES = {
    name: Path(__file__).parent.parent / file
    for name, file in (("en", "README.md"), ("zh", "README.zh.md"))
}

_HEADS = {
    "en": "variant | activation | S2, S4 | C3 reads | output | trainable | test error "
    "| as shipped",
    "zh": "变体 | 激活函数 | S2、S4 | C3 读取 | 输出 | 训练参数 | 测试错误率 | "
    "随附权重",
}
_ACTIVATIONS = {"scaled_tanh": "1.7159 tanh(2a/3)", "relu": "ReLU"}
_WORDS = {
    "en": {
        "average": "average",
        "max": "maximum",
        "trained": "trained sum",
        "softmax": "softmax",
        "logits": "logits",
        "rbf": "RBF on fixed codes",
        "all": "all 6 maps",
        "table": "Table I",
    },
    "zh": {
        "average": "平均",
        "max": "最大",
        "trained": "可训练的和",
        "softmax": "softmax",
        "logits": "logits",
        "rbf": "到固定编码的 RBF",
        "all": "全部 6 张",
        "table": "表 I",
    },
}
_NETWORK = {
    "en": (
        "The network of the paper has {trainable:,} trained parameters and "
        "{connections:,}\nconnections. `lenet5 summary --variant 1998` counts each "
        "layer beside the paper's own\nfigures.\n"
    ),
    "zh": (
        "论文的网络有 {trainable:,} 个训练参数和 {connections:,} 个连接。"
        "`lenet5 summary --variant 1998` 逐层计数，\n并与论文的数字并列。\n"
    ),
}
_RATES = {
    "en": (
        "The 1998 network has two error rates more: {paper:.2f}% with the training "
        "of the paper (which\nreports {published}%), and {best:.2f}% with today's "
        "training (`--recipe best`).\n"
    ),
    "zh": (
        "1998 网络在这里还有两个错误率：按论文的方法训练为 {paper:.2f}%（论文报告 "
        "{published}%），按今天的方法\n（`--recipe best`）为 {best:.2f}%。\n"
    ),
}
_SPEED = {
    "en": (
        "On two cores, at batch 64, `fit` is {ratio:.1f} times as fast as `fit` of the "
        "same layers in plain Keras.\n"
    ),
    "zh": "在两个核上，批量 64，`fit` 的速度是普通 Keras 同样各层的 {ratio:.1f} 倍。\n",
}


def main():
    """Fill the marked places of both pages."""
    for language, page in PAGES.items():
        text = filled(page.read_text("utf-8"), language)
        write_whole(page, lambda path, t=text: path.write_text(t, "utf-8"))


def filled(text, language):
    """A page with its marked places filled from the records."""
    errors = _errors_of_variants()
    facts = _rates() | {"ratio": _speed()["ratio_of_script_to_keras_fit"]}
    counts = count(build_lenet5("1998"))
    facts |= {"trainable": counts.trainable, "connections": counts.connections}
    for name, said in (("network", _NETWORK), ("rates", _RATES), ("speed", _SPEED)):
        text = accuracy.with_table(text, said[language].format(**facts), name)
    return accuracy.with_table(text, _variants(errors, language), "variants")


def _variants(errors, language):
    """A row a variant: how it differs, what it trains, and its measured error."""
    words, head, shipped = _WORDS[language], _HEADS[language], _shipped_errors()
    lines = [f"| {head} |", "| --- | --- | --- | --- | --- | ---: | ---: | ---: |"]
    for name, v in VARIANTS.items():
        trainable = count(build_lenet5(name)).trainable
        activation = getattr(v.activation, "__name__", v.activation)
        activation = _ACTIVATIONS.get(activation, activation)
        reads = words["table" if v.c3_table else "all"]
        cells = f"`{name}`", activation, words[v.subsampling], reads, words[v.output]
        rates = errors[name], shipped[name]
        percent = " | ".join(f"{rate:.2f}%" for rate in rates)
        lines.append(f"| {' | '.join(cells)} | {trainable:,} | {percent} |")
    return "\n".join(lines) + "\n"


def _errors_of_variants():
    """The median test error of each variant after its recipe, in percent."""
    results = json.loads(accuracy.RESULTS.read_text())
    return {
        row["variant"]: median(row["test_error_percent"])
        for row in results.values()
        if row["data"] == "mnist" and row["epochs"] > 1
    }


def _shipped_errors():
    """The test error of each variant's `weights="mnist"`, in percent."""
    card = json.loads((FOLDER / "card.json").read_text())
    return {v: card[f"{v}-mnist.weights.h5"]["test_errors"] / 100 for v in VARIANTS}


def _rates():
    """The error rates of the 1998 network, in percent."""
    runs = json.loads(reproduce.HISTORIES.read_text())
    return {
        "paper": _median_error(runs, "paper"),
        "best": _median_error(runs, "best"),
        "published": PUBLISHED_TEST_ERROR,
    }


def _median_error(runs, recipe):
    return median(reproduce.test_errors(reproduce.of_all_seeds(runs, "1998", recipe)))


def _speed():
    return json.loads(speed.RESULTS.read_text())


if __name__ == "__main__":
    main()
