"""Build ROS 2 message packages into a virtual environment with the generators that ros-rclpy brings and a C compiler.

No cmake, ament or colcon: rosidl writes the sources, cc and c++ compile them, five libraries and the Python module go
where the packages of the wheels are, with the definitions, type descriptions and the ament index entry beside them.
Run by the interpreter of that environment: ``.venv/bin/python scripts/build_interfaces.py --prefix .venv PACKAGE...``
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy
from rosidl_adapter import convert_to_idl
from rosidl_generator_c.cli import GenerateC
from rosidl_generator_py.cli import GeneratePython
from rosidl_generator_type_description.cli import HashTypeDescription
from rosidl_typesupport_c.cli import GenerateCTypesupport
from rosidl_typesupport_fastrtps_c.cli import GenerateFastRTPSCTypesupport
from rosidl_typesupport_introspection_c.cli import GenerateIntrospectionCTypesupport

KINDS = ("msg", "srv", "action")
TYPESUPPORTS = ["rosidl_typesupport_fastrtps_c", "rosidl_typesupport_introspection_c"]
# Each library with those of the same package and those of the runtime it is linked with, in the order of building. All
# are linked with their like of other packages too.
LIBRARIES = {
    "rosidl_generator_c": ((), ("rosidl_runtime_c", "rcutils")),
    "rosidl_typesupport_fastrtps_c": (
        ("rosidl_generator_c",),
        (
            "rosidl_typesupport_fastrtps_c",
            "rosidl_typesupport_fastrtps_cpp",
            "rosidl_runtime_c",
            "rmw",
            ":libfastcdr.so.2",
        ),
    ),
    "rosidl_typesupport_introspection_c": (
        ("rosidl_generator_c",),
        ("rosidl_typesupport_introspection_c", "rosidl_runtime_c"),
    ),
    "rosidl_typesupport_c": (
        ("rosidl_generator_c", "rosidl_typesupport_fastrtps_c"),
        ("rosidl_typesupport_c", "rosidl_runtime_c"),
    ),
    "rosidl_generator_py": (("rosidl_generator_c",), ("rosidl_runtime_c",)),
}


class BuildError(RuntimeError):
    """A package could not be built; the message names the command and its first complaint."""


@dataclass(frozen=True)
class Build:
    """One package on its way: where it comes from, where it goes and where its generated sources are in between."""

    name: str
    source: Path
    prefix: Path
    work: Path

    @property
    def generated(self) -> Path:
        """Generated sources but those of ``introspected``."""
        return self.work / "main" / self.name

    @property
    def introspected(self) -> Path:
        """Sources of the introspection type support; their file names are taken in ``generated``."""
        return self.work / "introspection" / self.name

    @property
    def modules(self) -> Path:
        """Where Python imports the package from."""
        version = sysconfig.get_python_version()
        return self.prefix / "lib" / f"python{version}" / "site-packages" / self.name


def main() -> int:
    """Build the packages named on the command line, in the order of their dependencies."""
    parser = argparse.ArgumentParser(description="Build ROS 2 message packages into a virtual environment.")
    parser.add_argument("--prefix", type=Path, default=Path(sys.prefix), help="the environment to install into")
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1), help="compilers at once")
    parser.add_argument("packages", type=Path, nargs="+", help="folders with a package.xml")
    arguments = parser.parse_args()
    os.environ["AMENT_PREFIX_PATH"] = sys.prefix
    for source in in_build_order([path.resolve() for path in arguments.packages]):
        try:
            build(source, arguments.prefix.resolve(), arguments.jobs)
        except BuildError as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


def in_build_order(sources: list[Path]) -> list[Path]:
    """The packages, each after those of the list it depends on.

    Raises:
        ValueError: they depend on one another in a circle.
    """
    needs = {source: _manifest(source) for source in sources}
    names = {name for name, _ in needs.values()}
    ordered: list[Path] = []
    done: set[str] = set()
    while len(ordered) < len(sources):
        ready = [s for s, (name, depends) in needs.items() if name not in done and not (depends & names) - done]
        if not ready:
            raise ValueError(f"circle of dependencies among {', '.join(sorted(names - done))}")
        ordered += ready
        done |= {needs[source][0] for source in ready}
    return ordered


def build(source: Path, prefix: Path, jobs: int) -> None:
    """Generate, compile, link and install one package.

    Raises:
        BuildError: the compiler refused.
    """
    start = time.monotonic()
    name = _manifest(source)[0]
    with tempfile.TemporaryDirectory() as folder:
        package = Build(name, source, prefix, Path(folder))
        interfaces = generate(package)
        objects = compile_sources(package, jobs)
        link(package, objects)
        install(package, interfaces)
    print(f"{name}: {len(interfaces)} interfaces in {time.monotonic() - start:.0f} s", flush=True)


def generate(package: Build) -> list[str]:
    """Write all sources; returns the interfaces as ``msg/Name.idl``."""
    package.generated.mkdir(parents=True)
    package.introspected.mkdir(parents=True)
    definitions = _definitions(package.source)
    with contextlib.redirect_stdout(io.StringIO()):  # it prints two lines a file
        for path in definitions:
            convert_to_idl(package.source, package.name, path.relative_to(package.source), package.generated)
    interfaces = [f"{path.parent.name}/{path.stem}.idl" for path in definitions]
    idl = [f"{package.generated}:{interface}" for interface in interfaces]
    known = _known_packages(package)
    args = (package.name, idl, known)
    out = package.generated
    descriptions = HashTypeDescription("hash").generate_type_hashes(*args, out)
    GenerateC("c").generate(*args, out, type_description_files=descriptions)
    GenerateFastRTPSCTypesupport("fastrtps").generate(*args, out)
    GenerateCTypesupport("typesupport", typesupport_implementations=TYPESUPPORTS).generate(*args, out)
    GenerateIntrospectionCTypesupport("introspection").generate(*args, package.introspected)
    GeneratePython("py", typesupport_implementations=["rosidl_typesupport_c"]).generate(*args, out)
    return interfaces


def compile_sources(package: Build, jobs: int) -> dict[str, list[str]]:
    """Compile every source; returns the object files by the library they belong to ("" = the Python extension)."""
    flags = _compiler_flags(package)
    sources = [*sorted(package.generated.rglob("*.c")), *sorted(package.generated.rglob("*.cpp"))]
    sources += sorted(package.introspected.rglob("*.c"))
    print(f"{package.name}: compiling {len(sources)} files", flush=True)
    objects: dict[str, list[str]] = {}
    commands = []
    for number, source in enumerate(sources):
        target = str(package.work / f"{number}.o")
        objects.setdefault(_library_of(source, package), []).append(target)
        compiler = ["c++", "-std=c++17"] if source.suffix == ".cpp" else ["cc", "-std=gnu11"]
        commands.append([*compiler, *flags, "-c", str(source), "-o", target])
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(_run, commands))
    return objects


def link(package: Build, objects: dict[str, list[str]]) -> None:
    """Link the libraries, then the extension Python imports."""
    package.modules.mkdir(parents=True, exist_ok=True)
    for kind, (own, runtime) in LIBRARIES.items():
        needed = [f"-l{package.name}__{other}" for other in own]
        needed += _same_kind_of_others(package, kind)
        target = package.prefix / "lib" / f"lib{package.name}__{kind}.so"
        _link(package, target, objects.get(kind, []), ["-Wl,--as-needed", *needed, *(f"-l{name}" for name in runtime)])
    kinds = ("rosidl_generator_py", "rosidl_typesupport_c", "rosidl_generator_c")
    needed = [*(f"-l{package.name}__{kind}" for kind in kinds), "-lrosidl_runtime_c", "-lrmw"]
    extension = f"{package.name}_s__rosidl_typesupport_c{sysconfig.get_config_var('EXT_SUFFIX')}"
    _link(package, package.modules / extension, objects[""], needed)


def install(package: Build, interfaces: list[str]) -> None:
    """Copy modules, definitions, type descriptions and headers, and enter the package into the ament index."""
    share = package.prefix / "share" / package.name
    (package.modules / "__init__.py").touch()
    for kind in KINDS:
        _copy(sorted((package.generated / kind).glob("*.py")), package.modules / kind)
        _copy(sorted((package.source / kind).glob(f"*.{kind}")), share / kind)
        _copy(sorted((package.generated / kind).glob("*.idl")), share / kind)
        _copy(sorted((package.generated / kind).glob("*.json")), share / kind)
    for header in package.generated.rglob("*.h"):
        _copy(
            [header],
            package.prefix / "include" / package.name / package.name / header.parent.relative_to(package.generated),
        )
    _copy([package.source / "package.xml"], share)
    index = package.prefix / "share" / "ament_index" / "resource_index"
    definitions = [str(path.relative_to(package.source)) for path in _definitions(package.source)]
    for resource, text in (
        ("packages", ""),
        ("rosidl_interfaces", "\n".join(sorted([*interfaces, *definitions])) + "\n"),
    ):
        (index / resource).mkdir(parents=True, exist_ok=True)
        (index / resource / package.name).write_text(text)


def _manifest(source: Path) -> tuple[str, set[str]]:
    """Name and dependencies in package.xml."""
    root = ET.parse(source / "package.xml").getroot()
    name = root.findtext("name")
    if not name:
        raise ValueError(f"{source}/package.xml has no <name>")
    return name, {element.text for element in root.findall("depend") if element.text}


def _definitions(source: Path) -> list[Path]:
    return [path for kind in KINDS for path in sorted(source.glob(f"{kind}/*.{kind}"))]


def _known_packages(package: Build) -> list[str]:
    """Installed interface packages: rosidl wants the descriptions of all types used, directly or not."""
    folders = [folder for base in _bases(package) for folder in sorted((base / "share").glob("*"))]
    return [str(f) for f in folders if f.name != package.name and any((f / kind).is_dir() for kind in KINDS)]


def _bases(package: Build) -> list[Path]:
    """The environment and, where it is another folder, the prefix installed into."""
    return list(dict.fromkeys([Path(sys.prefix), package.prefix]))


def _compiler_flags(package: Build) -> list[str]:
    includes = [package.work / "main", package.work / "introspection", Path(numpy.get_include())]
    includes.append(Path(sysconfig.get_path("include")))
    for base in _bases(package):
        includes += [base / "include", *(path for path in sorted((base / "include").glob("*")) if path.is_dir())]
    own = package.prefix / "include" / package.name  # an older build's headers must not shadow the new ones
    return ["-O2", "-g0", "-fPIC", "-w", *(f"-I{path}" for path in includes if path != own)]


def _library_of(source: Path, package: Build) -> str:
    """Library (a key of LIBRARIES) a generated source belongs to, by the generators' file names; "" = the extension."""
    if package.introspected in source.parents:
        return "rosidl_typesupport_introspection_c"
    if ".ep." in source.name:
        return ""
    if source.name.endswith("_s.c"):
        return "rosidl_generator_py"
    if source.name.endswith("__type_support_c.cpp"):
        return "rosidl_typesupport_fastrtps_c"
    return "rosidl_typesupport_c" if source.name.endswith("__type_support.cpp") else "rosidl_generator_c"


def _same_kind_of_others(package: Build, kind: str) -> list[str]:
    libraries = [path for base in _bases(package) for path in sorted((base / "lib").glob(f"lib*__{kind}.so"))]
    return [f"-l:{path.name}" for path in libraries if path.name != f"lib{package.name}__{kind}.so"]


def _link(package: Build, target: Path, objects: list[str], needed: list[str]) -> None:
    wheels = Path(sys.prefix) / "lib"
    paths = [f"-L{package.prefix / 'lib'}", f"-L{wheels}", f"-Wl,-rpath,{wheels}", "-Wl,-rpath,$ORIGIN"]
    _run(["c++", "-shared", "-Wl,--allow-shlib-undefined", "-o", str(target), *objects, *paths, *needed])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        complaint = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr[-300:])
        raise BuildError(f"{complaint.strip()} (from: {' '.join(command[:3])} ... {command[-1]})")


def _copy(files: list[Path], folder: Path) -> None:
    if files:
        folder.mkdir(parents=True, exist_ok=True)
    for path in files:
        shutil.copy(path, folder)


if __name__ == "__main__":
    sys.exit(main())
