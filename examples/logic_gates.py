"""Logic gates of threshold units: weights chosen by hand, and weights that Rosenblatt's rule finds.

Source: McCulloch and Pitts, A logical calculus of the ideas immanent in nervous activity, 1943.
"""

import argparse

from fastnn import classic
from fastnn.datasets import gates


def main():
    """Print the truth table of every gate, then learn those that one unit can learn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="no difference here: the data is small")
    parser.add_argument("--epochs", type=int, default=20, help="passes over the four rows at most")
    args = parser.parse_args()

    for name in ("a", "and", "or", "a_and_not_b", "nand", "xor"):
        x, y = gates.load_data(name)
        answers = classic.gate(name).predict(x, verbose=0).ravel().astype(int)
        perceptron = classic.Perceptron(shuffle=False, max_iter=args.epochs).fit(x, y)
        learnt = perceptron.predict(x).astype(int)
        print(f"{name:12} by hand {answers}  learnt {learnt}  right {(learnt == y).sum()} of 4")
    print("exclusive or needs two layers: no line parts its points")


if __name__ == "__main__":
    main()
