"""Builds the one extension module from `fastnn/kernels/*.c` and `engine.pyx`; everything else is in pyproject.toml.

Environment: FASTNN_SANITIZE=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer (gcc, clang).
"""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

KERNELS = Path("fastnn/kernels")
SANITIZE = os.environ.get("FASTNN_SANITIZE") == "1"


class BuildKernels(build_ext):
    """Chooses flags by what the compiler really is and really can."""

    def build_extensions(self):
        for extension in self.extensions:
            if self.compiler.compiler_type == "msvc":
                extension.extra_compile_args += ["/O2", "/std:c11", "/experimental:c11atomics"]
            else:
                self.add_gcc_style_flags(extension)
        self.compile_side_by_side()
        super().build_extensions()

    def compile_side_by_side(self):
        """Make the compiler object take its source files on all processors at once."""
        compile_files = self.compiler.compile

        def compile_each(sources, **options):
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                return [o for objects in pool.map(lambda s: compile_files([s], **options), sources) for o in objects]

        self.compiler.compile = compile_each

    def add_gcc_style_flags(self, extension):
        extension.extra_compile_args += ["-std=gnu11", "-fno-math-errno", "-fno-trapping-math", "-fwrapv"]
        if SANITIZE:
            flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer"]
            extension.extra_compile_args += [*flags, "-O1", "-g"]
            extension.extra_link_args += flags
        else:
            extension.extra_compile_args += ["-O3", "-g0"]
        extension.extra_compile_args.append("-pthread")
        extension.extra_link_args.append("-pthread")


c_files = [path for path in sorted(KERNELS.glob("*.c")) if path.name != "engine.c"]  # Cython writes engine.c
extension = Extension(
    "fastnn.kernels.engine",
    sources=[str(path) for path in (KERNELS / "engine.pyx", *c_files)],
    depends=[str(path) for path in KERNELS.glob("*.h")],
    include_dirs=[str(KERNELS), numpy.get_include()],
    define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
)

setup(
    ext_modules=cythonize([extension], compiler_directives={"language_level": "3"}),
    cmdclass={"build_ext": BuildKernels},
)
