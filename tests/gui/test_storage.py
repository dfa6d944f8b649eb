"""Sessions in files: another process goes on with the same bits."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import fastnn
from fastnn import presets
from fastnn.engine.conditions import GradientNorm, NonFinite
from gui import storage
from gui.session import Session


def shown(session):
    return {n: session.stepper.value(n) for n in session.listing.values if session.stepper.computed(n)}


def prepared(name="digits-mlp"):
    session = Session()
    session.load(name, seed=2, position=0)
    length = len(session.steps)
    session.goto(3 * length + 2)
    session.change("learning_rate", 0.02)
    session.goto(7 * length + 6)
    session.set_conditions([NonFinite(), GradientNorm(1e9)])
    session.toggle_breakpoint(4)
    session.select(session.shown_step().outputs[0], session.explanation().index)
    session.set_sample(3)
    session.set_grain("layer")
    session.toggle_show()
    session.toggle_batch_mean()
    return session


OTHER_PROCESS = """
import sys, numpy as np
from gui import storage
from gui.session import Session
session = Session()
kept = storage.restore(session, sys.argv[1])
found = {n: session.stepper.value(n) for n in session.listing.values if session.stepper.computed(n)}
place = [session.stepper.position, session.sample, session.grain, session.show, session.batch_mean, str(session.selection), sorted(session.breakpoints), str(session.conditions), kept]
session.stepper.train(steps=100)
np.savez(sys.argv[2], losses=np.array(session.stepper.losses), **{f"v{i}": a for i, a in enumerate(found.values())})
print(repr(place))
"""  # noqa: E501


def test_a_new_process_shows_the_same_and_goes_on_with_the_same_losses(tmp_path):
    session = prepared()
    storage.save(session, tmp_path / "a.fastnn", {"layout": "abc"})
    done = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, str(tmp_path / "a.fastnn"), str(tmp_path / "found.npz")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    now = shown(session)
    place = [session.stepper.position, session.sample, session.grain, session.show, session.batch_mean,
             str(session.selection), sorted(session.breakpoints), str(session.conditions),
             {"layout": "abc"}]  # fmt: skip
    assert done.stdout.strip() == repr(place)
    session.stepper.train(steps=100)
    with np.load(tmp_path / "found.npz") as found:
        assert np.array_equal(found["losses"], np.array(session.stepper.losses))
        assert all(np.array_equal(found[f"v{i}"], array) for i, array in enumerate(now.values()))


def test_the_past_can_be_visited_after_loading(tmp_path):
    session = prepared()
    storage.save(session, tmp_path / "a.fastnn")
    again = Session()
    storage.restore(again, tmp_path / "a.fastnn")
    assert np.array_equal(again.losses.array, session.losses.array)
    assert again.history.names == session.history.names
    for position in (5, 4 * len(session.steps) + 1, 9 * len(session.steps)):
        session.goto(position)
        again.goto(position)
        now, then = shown(again), shown(session)
        assert all(np.array_equal(now[n], then[n]) for n in then)
    again.stepper.set_edits(())
    session.stepper.set_edits(())
    assert all(np.array_equal(shown(again)[n], a) for n, a in shown(session).items())


def own(seed=0):
    fastnn.utils.set_random_seed(seed)
    model = fastnn.Sequential([fastnn.layers.Input((3,)), fastnn.layers.Dense(4, "relu"), fastnn.layers.Dense(2)])
    model.compile("adam", "mse", metrics=["mae"])
    rows = np.random.default_rng(0)
    return model, rows.normal(size=(20, 3)).astype("float32"), rows.normal(size=(20, 2)).astype("float32")


def test_a_network_of_ones_own_is_in_the_file(tmp_path):
    session = Session()
    session.load_model(*own(), batch_size=8, shuffle=True, title="mine", seed=3)
    session.goto(4 * len(session.steps) + 3)
    storage.save(session, tmp_path / "own.fastnn")
    again = Session()
    storage.restore(again, tmp_path / "own.fastnn")
    assert again.title == "mine"
    for each in (session, again):
        each.goto(11 * len(session.steps))
    assert np.array_equal(again.losses.array, session.losses.array)
    assert all(np.array_equal(a, b) for a, b in zip(shown(again).values(), shown(session).values(), strict=True))
    again.reset()
    session.reset()
    for each in (session, again):
        each.goto(2 * len(session.steps))
    assert np.array_equal(again.losses.array, session.losses.array)


def test_options_that_a_script_gave_in_other_types_are_read_again(tmp_path):
    model = fastnn.Sequential([fastnn.layers.Input((3,)), fastnn.layers.Dense(2)])
    model.compile("sgd", "mse")
    session = Session()
    session.load_model(model, np.ones((8, 3)), np.ones((8, 2)), batch_size=4, shuffle=1, digits=5.0, title="t")
    storage.save(session, tmp_path / "a.fastnn")
    again = Session()
    storage.restore(again, tmp_path / "a.fastnn")
    assert (again.source.shuffle, again.source.digits, again.title) == (True, 5, "t")


def test_a_preset_on_other_points_keeps_the_points(tmp_path):
    session = Session()
    session.load("xor", seed=1)
    session.goto(5 * len(session.steps))
    x = np.asarray(session.source.x, "float32")
    session.replace_source(replace(session.source, x=x + 0.25))
    session.goto(2 * len(session.steps) + 3)
    storage.save(session, tmp_path / "a.fastnn")
    again = Session()
    storage.restore(again, tmp_path / "a.fastnn")
    assert all(np.array_equal(a, b) for a, b in zip(shown(again).values(), shown(session).values(), strict=True))
    for each in (session, again):
        each.goto(9 * len(session.steps))
    assert np.array_equal(again.losses.array, session.losses.array)


def test_what_a_breakpoint_wrote_opens_at_the_operation(tmp_path):
    preset = presets.get("housing")
    model, (x, y) = preset.build(0), preset.data()
    model.optimizer.learning_rate = 1e6
    stop = fastnn.callbacks.Breakpoint(tmp_path / "nan.fastnn", verbose=0)
    model.fit(x, y, epochs=3, verbose=0, callbacks=[stop])
    session = Session()
    storage.restore(session, tmp_path / "nan.fastnn")
    assert session.done == stop.hit.done
    assert session.selection == (stop.hit.name, stop.hit.index)
    assert not np.isfinite(session.explanation().result)
    assert stop.hit.message in session.title


def rewritten(path, change):
    with zipfile.ZipFile(path) as archive:
        entries = {n: archive.read(n) for n in archive.namelist()}
    record = json.loads(entries["session.json"])
    change(record, entries)
    entries["session.json"] = json.dumps(record)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r, e: r.update(preset="no-such"), "preset of this version"),
        (lambda r, e: r.update(step=-1), "step to be a whole number"),
        (lambda r, e: r.update(step=10**6), "losses"),
        (lambda r, e: r.pop("seed"), "seed"),
        (lambda r, e: r.update(names=[]), "other operations"),
        (lambda r, e: r.update(names=3), "names to be a list of str"),
        (lambda r, e: r.update(edits=[]), "shorter|longer"),
        (lambda r, e: r.update(edits=[{"step": 0, "name": "zz", "index": []}]), "zz"),
        (lambda r, e: r.update(conditions=[{"kind": "x"}]), "condition"),
        (lambda r, e: r.update(preset=""), "model"),
        (lambda r, e: e.pop("arrays/state/0.npy"), "state of"),
        (lambda r, e: e.pop("arrays/losses.npy"), "losses"),
    ],
)
def test_files_that_do_not_fit_leave_the_session_as_it_was(tmp_path, change, said):
    path = tmp_path / "a.fastnn"
    storage.save(prepared("xor"), path)
    rewritten(path, change)
    session = Session()
    session.load("worked-example", position=3)
    before, title = shown(session), session.title
    with pytest.raises(ValueError, match=said) as failure:
        storage.restore(session, path)
    assert "a.fastnn" in str(failure.value)
    assert session.title == title
    assert shown(session).keys() == before.keys()


def test_rows_to_test_on_that_do_not_fit_are_refused(tmp_path):
    path, session = tmp_path / "a.fastnn", Session()
    session.load("xor")
    session.hold_out(0.25)
    storage.save(session, path)
    rewritten(path, lambda r, e: e.update({n: e["arrays/losses.npy"] for n in list(e) if n.startswith("arrays/test")}))
    with pytest.raises(ValueError, match="rows to test on"):
        storage.restore(Session(), path)


class Scale(fastnn.layers.Layer):
    """A layer that no file knows."""

    def build(self, shape):
        self.scale = self.add_weight((shape[-1],), "ones", name="scale")
        self.built = True

    def call(self, x):
        return x * self.scale


def test_a_class_that_is_not_registered_is_named_and_nothing_is_lost(tmp_path):
    _, x, y = own()
    model = fastnn.Sequential([fastnn.layers.Input((3,)), Scale(), fastnn.layers.Dense(2)])
    model.compile("adam", "mse")
    path, session = tmp_path / "own.fastnn", Session()
    session.load_model(model, x, y, batch_size=4)
    session.goto(2 * len(session.steps) + 3)
    before = shown(session)
    storage.save(session, path)
    content, other = path.read_bytes(), Session()
    other.load("worked-example", position=3)
    kept, title = shown(other), other.title
    with pytest.raises(ValueError, match=r"own\.fastnn.*'Scale'.*Open the script that registers it first"):
        storage.restore(other, path)
    assert (other.title, other.stepper.position) == (title, 3)
    assert all(np.array_equal(a, kept[n]) for n, a in shown(other).items())
    assert path.read_bytes() == content
    with fastnn.utils.custom_object_scope({"Scale": Scale}):
        storage.restore(other, path)
    assert all(np.array_equal(a, b) for a, b in zip(shown(other).values(), before.values(), strict=True))


def test_a_breakpoint_in_large_data_opens(tmp_path):
    x = np.random.default_rng(0).normal(size=(128, 100_000)).astype("float32")
    model = fastnn.Sequential([fastnn.layers.Input((100_000,)), fastnn.layers.Dense(8), fastnn.layers.Dense(1)])
    model.compile(fastnn.optimizers.SGD(1e20), "mse")
    stop = fastnn.callbacks.Breakpoint(tmp_path / "nan.fastnn", verbose=0)
    model.fit(x, np.zeros((128, 1), "float32"), batch_size=64, epochs=3, verbose=0, callbacks=[stop])
    assert (tmp_path / "nan.fastnn").stat().st_size > 64 * 100_000 * 4
    session = Session()
    storage.restore(session, tmp_path / "nan.fastnn")
    assert session.done == stop.hit.done
    assert session.selection == (stop.hit.name, stop.hit.index)
    assert np.array_equal(session.view(session.listing.inputs[0]), session.stepper.data[session.listing.inputs[0]])
    assert not np.isfinite(session.number_at(*session.selection))
