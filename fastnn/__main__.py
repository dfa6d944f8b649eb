"""`python -m fastnn`: walkthrough, presets, run, info."""

from __future__ import annotations

import argparse
import os
import sys

import fastnn
from fastnn import info, presets
from fastnn.compat import running
from fastnn.walkthrough import walkthrough


def main(argv: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    args = parser().parse_args(argv)
    try:
        args.run(args)
    except ValueError as error:
        if os.path.isfile(getattr(args, "script", "")):
            raise  # a mistake of the script that was run
        print(f"fastnn: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, such as head, has seen enough
        sys.stderr.close()
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m fastnn", description=fastnn.__doc__)
    commands = top.add_subparsers(required=True, metavar="command")
    walk = commands.add_parser("walkthrough", help="print a preset's training step, number by number")
    walk.add_argument("preset", nargs="?", default="worked-example")
    walk.add_argument("--seed", type=int, default=0, help="seed of the initial weights")
    walk.set_defaults(run=run_walkthrough)
    commands.add_parser("presets", help="list the presets").set_defaults(run=run_presets)
    script = commands.add_parser("run", help="run a script that imports keras or tensorflow.keras, as it is")
    script.add_argument("script", help="the script")
    script.add_argument("arguments", nargs=argparse.REMAINDER, help="what it finds in sys.argv")
    script.set_defaults(run=run_script)
    report = commands.add_parser("info", help="what a report of a mistake should say")
    report.add_argument("--peaks", action="store_true", help="measure what the machine can do at most")
    report.set_defaults(run=run_info)
    return top


def run_walkthrough(args: argparse.Namespace) -> None:
    """Print a walkthrough."""
    for line in walkthrough(presets.get(args.preset), args.seed):
        print(line)


def run_presets(_: argparse.Namespace) -> None:
    """List the presets."""
    width, subject = max(map(len, presets.PRESETS)), ""
    for preset in presets.in_order():
        if preset.subject != subject:
            subject = preset.subject
            print(f"{subject}:")
        missing = "" if preset.available() else "  (its data is not here)"
        print(f"  {preset.name:{width}} {preset.title}{missing}")


def run_script(args: argparse.Namespace) -> None:
    """Run a script with fastnn in place of other libraries."""
    running.run_script(args.script, args.arguments)


def run_info(args: argparse.Namespace) -> None:
    """Print what a report of a mistake should say; the machine's peaks if asked to."""
    for line in info.lines(args.peaks):
        print(line)


if __name__ == "__main__":
    raise SystemExit(main())
