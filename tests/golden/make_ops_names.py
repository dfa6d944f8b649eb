"""Writes ops_names.txt: every public function of keras.ops and keras.random of real Keras 3, with its arguments.

Run in an environment that has Keras: KERAS_BACKEND=torch python tests/golden/make_ops_names.py
"""

import inspect
from pathlib import Path


def lines(module, prefix):
    """One line `name(arguments)` per public function or class, sorted."""
    for name in sorted(dir(module)):
        member = getattr(module, name)
        if not name.startswith("_") and callable(member):
            yield f"{prefix}{name}{inspect.signature(member)}"


def main():
    import keras

    groups = [(keras.ops, ""), (keras.random, "random."), (keras.ops.image, "image."), (keras.ops.linalg, "linalg.")]
    text = f"# Keras {keras.__version__}\n" + "\n".join(line for group in groups for line in lines(*group)) + "\n"
    Path(__file__).with_name("ops_names.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
