"""Estimators that are pickled, and searched by threads, processes and clusters."""

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from sklearn.base import clone
from sklearn.model_selection import cross_validate

import fastnn
from fastnn.engine import execute
from fastnn.sklearn import Classifier
from tests.test_sklearn import FOLDS, WORDS, Straight, X, build

THREADS = ("FASTNN_NUM_THREADS", "OMP_NUM_THREADS")


@pytest.mark.parametrize("model", [None, Straight, build], ids=["perceptron", "own code", "function"])
def test_fitted_estimators_are_pickled_and_train_on_alike(model, tmp_path):
    classifier = Classifier(model, epochs=3, warm_start=True, random_state=0).fit(X, WORDS)
    assert isinstance(classifier.__getstate__()["model_"], bytes) is (model is not Straight)
    joblib.dump(classifier, tmp_path / "classifier.joblib")
    for other in (pickle.loads(pickle.dumps(classifier)), joblib.load(tmp_path / "classifier.joblib")):
        assert np.array_equal(other.predict_proba(X), classifier.predict_proba(X))
    assert np.array_equal(other.fit(X, WORDS).predict_proba(X), classifier.fit(X, WORDS).predict_proba(X))
    assert pickle.loads(pickle.dumps(clone(classifier))).get_params().keys() == classifier.get_params().keys()


def scores(**how):
    classifier = Classifier(epochs=3, random_state=0)
    return cross_validate(classifier, X, WORDS, cv=FOLDS, return_estimator=True, **how)


def probabilities(found):
    return [estimator.predict_proba(X) for estimator in found["estimator"]]


def test_threads_find_the_same_bits():
    alone = probabilities(scores())
    with joblib.parallel_config("threading", n_jobs=3):
        assert np.array_equal(probabilities(scores()), alone)


@pytest.mark.full
def test_processes_find_the_same_bits_and_share_the_processors(monkeypatch):
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    assert np.array_equal(probabilities(scores(n_jobs=2)), probabilities(scores()))
    share = max(1, joblib.cpu_count() // 2)
    assert joblib.Parallel(n_jobs=2)(joblib.delayed(execute.threads)() for _ in range(2)) == [share, share]
    get_reusable_executor().shutdown(wait=True)


SEARCH = """
import json, os
import joblib
import numpy as np
from sklearn.model_selection import GridSearchCV
from fastnn.engine import execute
from fastnn.sklearn import Classifier

def search():
    x = np.random.default_rng(1).normal(size=(60, 3)).astype("float32")
    classifier = Classifier(epochs=5, random_state=0)
    found = GridSearchCV(classifier, {"hidden": [(2,), (9,)], "learning_rate": [0.01]}, cv=2).fit(x, x[:, 0] > 0)
    return found.cv_results_["mean_test_score"].tolist()

def place():
    return os.getpid(), execute.threads()

def told():
    return {"there": search(), "places": joblib.Parallel()(joblib.delayed(place)() for _ in range(4))}

if __name__ == "__main__":
    found = {"here": search(), "process": os.getpid()}
"""
DASK = """
    from dask.distributed import Client, LocalCluster
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster), joblib.parallel_config("dask", n_jobs=-1):
            found |= told()
"""
RAY = """
    import ray
    from ray.util.joblib import register_ray
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    with joblib.parallel_config("ray", n_jobs=-1):
        found |= told()
    ray.shutdown()
"""
TELL = """
    print(json.dumps(found))
"""


@pytest.mark.full
@pytest.mark.parametrize("cluster", [DASK, RAY], ids=["dask", "ray"])
def test_clusters(cluster, tmp_path):
    script = tmp_path / "search.py"
    script.write_text(SEARCH + cluster + TELL)
    env = {name: value for name, value in os.environ.items() if name not in THREADS}
    env["PYTHONPATH"] = str(Path(fastnn.__file__).parents[1])
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=240, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found["there"] == found["here"]
    processes, threads = zip(*found["places"], strict=True)
    assert found["process"] not in processes
    assert set(threads) == {1}
