"""A Python package in a folder, which pip finds there."""

import hashlib
import zipfile
from pathlib import Path


def publish(folder: Path, name: str, version: str, programs: dict[str, str]) -> None:
    """
    Make a wheel that carries programs, and a requirements file that pins it by digest.

    Args:
        folder: for both; the latter is requirements-<name>.txt.

        name: of the package.

        version: for example "1.0.0".

        programs: path in the package -> content of an executable file.
    """
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, content in programs.items():
            program = zipfile.ZipInfo(path)
            program.external_attr = 0o100755 << 16
            archive.writestr(program, content)
        information = f"{name}-{version}.dist-info"
        archive.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{information}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / f"requirements-{name}.txt").write_text(f"{name}=={version} --hash=sha256:{digest}\n")
