"""`python -m benchmarks [ops|models|peers|import|app] [--quick] [--json FILE]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import environment, machine, report


def run_ops(args: argparse.Namespace) -> report.Report:
    """Time the operations."""
    from benchmarks import operations

    rounds, seconds = args.rounds or (2 if args.quick else 3), args.seconds or (0.01 if args.quick else 0.05)
    described = machine.describe(args.threads)
    results, contest = operations.run(args.names, args.threads, args.quick, rounds, seconds)
    settings = {"quick": args.quick, "rounds": rounds, "seconds": seconds}
    return report.Report("ops", described, settings, results, contest.versions, contest.absent, contest.failures)


def run_models(args: argparse.Namespace, kind: str = "models") -> report.Report:
    """Time the networks."""
    from benchmarks import models

    rounds, seconds = args.rounds or (2 if args.quick else 5), args.seconds or (0.05 if args.quick else 0.5)
    described = machine.describe(args.threads)
    wanted = args.names, args.threads, args.quick, rounds, seconds, args.peers_python
    results, contest = models.run(*wanted, peers=kind == "peers")
    settings = {"quick": args.quick, "rounds": rounds, "seconds": seconds}
    return report.Report(kind, described, settings, results, contest.versions, contest.absent, contest.failures)


def run_peers(args: argparse.Namespace) -> report.Report:
    """Time more networks, beside other frameworks alone."""
    return run_models(args, "peers")


def run_import(args: argparse.Namespace) -> report.Report:
    """Time the import."""
    from benchmarks import importing

    rounds = args.rounds or (3 if args.quick else 9)
    result, failures = importing.run(rounds)
    described, settings = machine.describe(args.threads), {"rounds": rounds}
    return report.Report("import", described, settings, [result], importing.versions(), failures=failures)


def run_app(args: argparse.Namespace) -> report.Report:
    """Time the app."""
    from benchmarks import app

    return app.run(args.quick, args.threads)


def table(done: report.Report) -> str:
    """A report as text; the app is held against promises, the rest against others."""
    from benchmarks import app

    return app.table(done) if done.kind == "app" else report.table(done)


RUNS = {"ops": run_ops, "models": run_models, "peers": run_peers, "import": run_import, "app": run_app}
COMPARED = ("ops", "models", "import")  # what is run if nothing is named


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m benchmarks", description="fastnn beside NumPy and installed peers.")
    top.add_argument("kind", nargs="?", choices=tuple(RUNS), help="all but peers and app, if left out")
    top.add_argument("names", nargs="*", help="only these operations or networks")
    top.add_argument("--quick", action="store_true", help="smaller shapes and fewer rounds")
    top.add_argument("--json", type=Path, metavar="FILE", help="also write the results to a file")
    top.add_argument("--threads", type=int, default=environment.processors(), help="of every contestant; default: all")
    top.add_argument("--rounds", type=int, help="turns that contestants take")
    top.add_argument("--seconds", type=float, help="length of a turn")
    top.add_argument("--peers-python", default=sys.executable, metavar="PATH", help="interpreter that has the peers")
    return top


def main(argv: list[str] | None = None) -> int:
    """Run benchmarks; returns the exit code."""
    args = parser().parse_args(argv)
    try:
        reports = [RUNS[kind](args) for kind in ([args.kind] if args.kind else COMPARED)]
    except ValueError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    for done in reports:
        print(machine.lines(done.machine, done.versions), table(done), sep="\n\n")
    if args.json:
        report.write(args.json, reports)
    return 1 if any(done.failures for done in reports) else 0


if __name__ == "__main__":
    raise SystemExit(main())
