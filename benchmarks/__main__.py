"""`python -m benchmarks [ops|models|peers|import|app|table] [--quick] [--runs N] [--json FILE]`."""

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
    told = contest.versions, contest.absent, contest.failures, contest.peaks
    return report.Report("ops", described, settings, results, *told)


def run_models(args: argparse.Namespace, kind: str = "models") -> report.Report:
    """Time the networks."""
    from benchmarks import models

    rounds, seconds = args.rounds or (2 if args.quick else 5), args.seconds or (0.05 if args.quick else 0.5)
    described = machine.describe(args.threads)
    wanted = args.names, args.threads, args.quick, rounds, seconds, args.peers_python
    done = report.Report(kind, described, {"quick": args.quick, "rounds": rounds, "seconds": seconds}, [])
    for result, contest in models.run(*wanted, peers=kind == "peers"):
        done.results.append(result)
        done.versions.update(contest.versions)
        done.failures.update(contest.failures)
        done.absent[:] = contest.absent
        done.peaks.update({k: max(v, done.peaks.get(k, 0)) for k, v in contest.peaks.items()})
    return done


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
    """A report as text; the app is held against promises, whole steps also against aims, the rest against others."""
    from benchmarks import app, peers

    if done.kind == "app":
        return app.table(done)
    return peers.table([done]) if done.kind == "peers" else report.table(done)


def run(args: argparse.Namespace) -> list[report.Report]:
    """All that is asked for, printed and written to the file as it ends."""
    if args.json and not args.json.absolute().parent.is_dir():
        raise ValueError(f"Expected --json to name a file in a folder that exists. Received: {args.json}")
    done: list[report.Report] = []
    for turn in range(args.runs):
        for kind in [args.kind] if args.kind else COMPARED:
            done.append(RUNS[kind](args))
            if turn:
                done[-1].machine["load before"] = None  # it was the turn before that made it
            print(machine.lines(done[-1].machine, done[-1].versions), table(done[-1]), sep="\n\n", flush=True)
            if args.json:
                report.write(args.json, done)
    return done


RUNS = {"ops": run_ops, "models": run_models, "peers": run_peers, "import": run_import, "app": run_app}
COMPARED = ("ops", "models", "import")  # what is run if nothing is named


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m benchmarks", description="fastnn beside NumPy and installed peers.")
    help_kind = "ops, models and import, if left out; table writes the README's from a result file"
    top.add_argument("kind", nargs="?", choices=(*RUNS, "table"), help=help_kind)
    top.add_argument("names", nargs="*", help="only these operations or networks; of table: the result file")
    top.add_argument("--quick", action="store_true", help="smaller shapes and fewer rounds")
    top.add_argument("--json", type=Path, metavar="FILE", help="also write the results to a file")
    top.add_argument("--threads", type=int, default=environment.processors(), help="of every contestant; default: all")
    top.add_argument("--runs", type=positive, default=1, help="whole runs; of peers, medians over them are the result")
    top.add_argument("--rounds", type=int, help="turns that contestants take")
    top.add_argument("--seconds", type=float, help="length of a turn")
    top.add_argument("--peers-python", default=sys.executable, metavar="PATH", help="interpreter that has the peers")
    return top


def positive(text: str) -> int:
    """A number from 1 up."""
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def main(argv: list[str] | None = None) -> int:
    """Run benchmarks; returns the exit code."""
    from benchmarks import peers, readme

    args = parser().parse_args(argv)
    try:
        if args.kind == "table":
            readme.update(*map(Path, args.names))
            return 0
        reports = run(args)
    except (OSError, ValueError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    if args.kind == "peers" and args.runs > 1:
        print("", peers.table(reports), sep="\n")
    return 1 if any(done.failures for done in reports) else 0


if __name__ == "__main__":
    raise SystemExit(main())
