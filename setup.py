"""Builds the one extension module from `fastnn/kernels/*.c` and `engine.pyx`; everything else is in pyproject.toml.

Environment: FASTNN_SANITIZE=1 builds with AddressSanitizer and UndefinedBehaviorSanitizer (gcc, clang).
"""

import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.modified import newer_group

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
        self.build_temp = self.place_of_objects()
        self.compile_side_by_side()
        super().build_extensions()

    def place_of_objects(self):
        """A folder that stays, so that the next build compiles what has changed; other flags have another one."""
        command = getattr(self.compiler, "compiler_so", self.compiler.compiler_type)
        flags = repr((command, [extension.extra_compile_args for extension in self.extensions]))
        return f"build/objects-{zlib.crc32(flags.encode()):08x}"

    def compile_side_by_side(self):
        """Make the compiler object take its source files on all processors at once, those whose objects are too old."""
        compile_files, headers = self.compiler.compile, [*map(str, KERNELS.glob("*.h")), "setup.py"]

        def compile_one(source, options):
            made = self.compiler.object_filenames([source], output_dir=options["output_dir"])
            depends_on_kernels_alone = Path(source).stem != "engine"  # which has NumPy's and Python's headers, too
            if depends_on_kernels_alone and not newer_group([source, *headers], made[0]):
                return made
            return compile_files([source], **options)

        def compile_each(sources, **options):
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                return [o for objects in pool.map(lambda s: compile_one(s, options), sources) for o in objects]

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
