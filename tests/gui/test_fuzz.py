"""Wrong files of every kind: a few of those that `python -m tests.fuzz` makes without end."""

import sys

import pytest

from tests.fuzz import __main__ as fuzz


@pytest.mark.skipif(sys.platform == "win32", reason="limits of memory are for POSIX")
@pytest.mark.parametrize(("kinds", "count"), [(fuzz.KINDS[:3], 40), (fuzz.KINDS[3:], 150)])  # models take their time
def test_wrong_files_are_refused_in_words(kinds, count):
    tried, findings, ended = fuzz.one_process(kinds, seed=1, first=0, count=count, seconds=500)
    assert not findings, "\n".join(map(str, findings))
    assert ended
    assert tried == count * len(kinds)


def test_the_fuzzer_sees_what_readers_must_not_do():
    """A reader that ends the process, runs without end, takes memory, writes elsewhere, or says nothing."""
    _, findings = fuzz.run("bad reader", seed=117, count=10, limit=1)
    said = " ".join(str(finding) for finding in findings)
    for words in ("error: Aborted", "Timeout", "MemoryError", "forbidden", "were left", "KeyError", "without words"):
        assert words in said
    assert sorted(finding.index for finding in findings) == [0, 1, 2, 4, 5, 7, 8, 9]
