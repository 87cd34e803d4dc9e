"""The toolchain with the real Go, on modules that a proxy in a folder serves: no network, and each builds in a moment."""

import contextlib
import fcntl
import os
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import stamina

from scripts import toolchain
from scripts.errors import SettingsError, ToolMissing
from scripts.settings import REPOSITORY_ROOT
from scripts.toolchain import cache
from scripts.toolchain.recipe import Recipe, read
from scripts.toolchain.resolve import locate
from tests.processes import eventually
from tests.tools import go_proxy, python_package

GO_MOD = "module example.test/tiny\n\ngo 1.21\n"

PINS = """\
module pins

go 1.21

require {module} v1.0.0

// what it requires at no version that there is, as Kubernetes does
replace example.test/part => example.test/part v1.0.0
"""

TOOLS = """
[go]
purpose = "builds"
version = "1.27.3"
least = "1.21"
version_command = ["version"]
version_pattern = 'go version go(\\d+\\.\\d+(?:\\.\\d+)?)'
install = {{ debian = "apt go", fedora = "dnf go", macos = "brew go" }}

[tiny]
purpose = "says its version"
version = "1.0.0"
least = "0.9"
version_command = []
version_pattern = 'tiny version (\\d+\\.\\d+\\.\\d+)'

[tiny.go]
module = "example.test/tiny"
version = "v1.0.0"
sum = "{sum}"
package = "."
stamp = ["main.version={stamp}"]

[tiny.install]
debian = "apt install tiny"
fedora = "dnf install tiny"
macos = "brew install tiny"
"""


@dataclass(frozen=True)
class Bench:
    folder: Path
    proxy: Path
    sum: str

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def tools_file(self) -> Path:
        return self.folder / "tools.toml"

    def write(self, **changes: str) -> None:
        self.tools_file.write_text(TOOLS.format(**{"sum": self.sum, "stamp": "1.0.0"} | changes))

    def pin_in_a_folder(self, module: str, go_sum: str) -> None:
        """Let the recipe name a module of this repository in place of its own."""
        (self.folder / "pins").mkdir()
        (self.folder / "pins" / "go.mod").write_text(PINS.format(module=module))
        (self.folder / "pins" / "go.sum").write_text(go_sum)
        own = f'module = "example.test/tiny"\nversion = "v1.0.0"\nsum = "{self.sum}"\npackage = "."\n'
        text = self.tools_file.read_text()
        assert own in text
        self.tools_file.write_text(text.replace(own, f'folder = "pins"\npackage = "{module}"\n'))

    def recipe(self) -> Recipe:
        return read(self.tools_file)["tiny"]

    def program(self, name: str, script: str) -> str:
        """Make a program in a folder of its own; gives that folder, to be put on a PATH."""
        folder = self.folder / f"path-{name}-{len(list(self.folder.iterdir()))}"
        folder.mkdir()
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
        return str(folder)

    def locate(self, search_path: str | None = None) -> toolchain.Tool:
        path = go_folder() if search_path is None else search_path
        return locate(self.recipe(), search_path=path, cache_folder=self.cache, tools_file=self.tools_file)

    def start(self, search_path: str) -> "subprocess.Popen[str]":
        """The same in a process of its own, as a second run of a task would be."""
        program = f"""
from pathlib import Path
from scripts.interrupts import signals_as_interrupts
from scripts.toolchain.recipe import read
from scripts.toolchain.resolve import locate
file = Path({str(self.tools_file)!r})
with signals_as_interrupts():
    print(locate(read(file)["tiny"], search_path={search_path!r}, cache_folder=Path({str(self.cache)!r}),
                 tools_file=file).path)
"""
        return subprocess.Popen(
            [sys.executable, "-c", program],
            cwd=REPOSITORY_ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def left_over(self) -> list[str]:
        return sorted(path.name for path in (self.cache / "tools" / "tiny").iterdir())


def go_folder() -> str:
    return str(toolchain.get("go").path.parent)


@pytest.fixture
def bench(tmp_path, monkeypatch):
    proxy = tmp_path / "proxy"
    found = go_proxy.publish(proxy, "example.test/tiny", "v1.0.0", {"go.mod": GO_MOD, "main.go": go_proxy.MAIN})
    monkeypatch.setenv("GOPROXY", proxy.as_uri())
    monkeypatch.setenv("GONOSUMDB", "example.test")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    made = Bench(folder=tmp_path, proxy=proxy, sum=found)
    made.write()
    # here, before a test gives itself a home without the cache that Go may be in
    go = f"{go_folder()}/go"
    with stamina.set_testing(True, attempts=2):
        yield made
    subprocess.run([go, "clean", "-modcache"], check=True)


def test_a_program_that_is_nowhere_is_built_from_its_pinned_source(bench):
    tool = bench.locate()

    assert (tool.name, tool.version, tool.origin) == ("tiny", "1.0.0", "cache")
    assert subprocess.check_output([tool.path], text=True) == "tiny version 1.0.0\n"


def test_a_built_program_is_kept_and_needs_neither_go_nor_network_again(bench):
    first = bench.locate()

    assert bench.locate(search_path=str(bench.folder)) == first


def test_another_recipe_is_another_program_in_the_cache(bench):
    first = bench.locate()
    bench.tools_file.write_text(bench.tools_file.read_text().replace('package = "."', 'package = "./"'))

    assert bench.locate().path != first.path


@pytest.mark.parametrize(
    ("says", "origin"),
    [
        pytest.param("tiny version 0.9.0", "PATH", id="the least version"),
        pytest.param("tiny version 0.10.0", "PATH", id="a version that is newer as a number and older as a text"),
        pytest.param("tiny version 0.8.9", "cache", id="a version that is too old"),
        pytest.param("tiny version DEVELOPMENT", "cache", id="a version that cannot be read"),
    ],
)
def test_the_path_is_taken_where_it_is_new_enough(bench, says, origin):
    folder = bench.program("tiny", f"echo {says}")

    assert bench.locate(search_path=f"{folder}{os.pathsep}{go_folder()}").origin == origin


def test_a_program_of_the_path_that_cannot_be_started_is_not_taken(bench):
    folder = bench.program("tiny", "")
    Path(folder, "tiny").write_bytes(b"\x7fELF of another machine")

    assert bench.locate(search_path=f"{folder}{os.pathsep}{go_folder()}").origin == "cache"


def test_a_source_with_another_sum_is_refused_and_both_sums_are_named(bench):
    pinned = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    bench.write(sum=pinned)

    with pytest.raises(ToolMissing) as refused:
        bench.locate()

    assert pinned in refused.value.found
    assert bench.sum in refused.value.found
    assert bench.left_over() == ["lock"]


def publish_with_dependency(bench: Bench, *, served: str = "package dependency\n", listed: bool = True) -> None:
    """tiny 1.0.0, whose go.sum lists a dependency or not, and that dependency as the proxy serves it."""
    mod = "module example.test/dependency\n\ngo 1.21\n"
    known = go_proxy.publish(
        bench.proxy, "example.test/dependency", "v1.0.0", {"go.mod": mod, "a.go": "package dependency\n"}
    )
    go_proxy.publish(bench.proxy, "example.test/dependency", "v1.0.0", {"go.mod": mod, "a.go": served})
    files = {
        "go.mod": f"{GO_MOD}\nrequire example.test/dependency v1.0.0\n",
        "go.sum": f"example.test/dependency v1.0.0 {known}\n"
        f"example.test/dependency v1.0.0/go.mod {go_proxy.sum_of_go_mod(mod)}\n"
        if listed
        else "",
        "main.go": go_proxy.MAIN.replace('import "os"', 'import "os"\nimport _ "example.test/dependency"'),
    }
    bench.write(sum=go_proxy.publish(bench.proxy, "example.test/tiny", "v1.0.0", files))


def test_a_dependency_that_is_the_one_in_go_sum_is_used(bench):
    publish_with_dependency(bench)

    assert bench.locate().origin == "cache"


def test_a_dependency_that_is_not_the_one_in_go_sum_is_refused(bench):
    publish_with_dependency(bench, served="package dependency // changed\n")

    with pytest.raises(ToolMissing, match="checksum mismatch"):
        bench.locate()


def test_a_dependency_that_is_not_in_go_sum_is_refused(bench):
    publish_with_dependency(bench, listed=False)

    with pytest.raises(ToolMissing, match=r"missing go\.sum entry"):
        bench.locate()


WITH_PART = {
    "go.mod": "module example.test/whole\n\ngo 1.21\n\nrequire example.test/part v0.0.0\n",
    "main.go": go_proxy.MAIN.replace('import "os"', 'import (\n"os"\n_ "example.test/part"\n)'),
}
PART = {"go.mod": "module example.test/part\n\ngo 1.21\n", "part.go": "package part\n"}


def go_sum_of(bench):
    """Publish the two modules; gives the lines that vouch for them."""
    sums = {name: go_proxy.publish(bench.proxy, f"example.test/{name}", "v1.0.0", files) for name, files in MODULES}
    return "".join(
        f"example.test/{name} v1.0.0 {sums[name]}\n"
        f"example.test/{name} v1.0.0/go.mod {go_proxy.sum_of_go_mod(files['go.mod'])}\n"
        for name, files in MODULES
    )


MODULES = (("part", PART), ("whole", WITH_PART))


def test_a_program_that_replaces_modules_is_built_from_the_pins_of_this_repository(bench):
    bench.pin_in_a_folder("example.test/whole", go_sum_of(bench))

    assert bench.locate().version == "1.0.0"


@pytest.mark.parametrize("module", ["part", "whole"])
def test_a_module_that_is_not_the_one_of_those_pins_is_refused(bench, module):
    bench.pin_in_a_folder("example.test/whole", go_sum_of(bench))
    files = dict(MODULES)[module]
    go_proxy.publish(bench.proxy, f"example.test/{module}", "v1.0.0", {**files, "planted.go": "package planted\n"})

    with pytest.raises(ToolMissing, match="checksum mismatch"):
        bench.locate()


@pytest.mark.parametrize("module", ["part", "whole"])
def test_a_module_that_those_pins_do_not_have_is_refused(bench, module):
    pins = "".join(line for line in go_sum_of(bench).splitlines(True) if f"/{module} " not in line)
    bench.pin_in_a_folder("example.test/whole", pins)

    with pytest.raises(ToolMissing, match=r"missing go\.sum entry"):
        bench.locate()


def test_a_program_that_reports_another_version_than_its_recipe_is_refused(bench):
    bench.write(stamp="2.0.0")

    with pytest.raises(ToolMissing, match=r"reports itself as 2\.0\.0"):
        bench.locate()

    assert bench.left_over() == ["lock"]


def test_a_source_that_does_not_compile_is_told_with_the_compilers_words(bench):
    bench.write(
        sum=go_proxy.publish(
            bench.proxy,
            "example.test/tiny",
            "v1.0.0",
            {"go.mod": GO_MOD, "main.go": "package main\n\nfunc main() { x }\n"},
        )
    )

    with pytest.raises(ToolMissing, match="undefined: x"):
        bench.locate()


@pytest.mark.parametrize("proxy", ["off", "http://127.0.0.1:{port}"])
def test_without_a_network_the_commands_that_install_it_are_named(bench, monkeypatch, proxy):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: a connection is refused at once
        monkeypatch.setenv("GOPROXY", proxy.format(port=closed.getsockname()[1]))

        with pytest.raises(ToolMissing) as missing:
            bench.locate()

    assert missing.value.next_step == (
        "install it yourself: Debian `apt install tiny`, Fedora `dnf install tiny`, macOS `brew install tiny`"
    )


def test_a_password_in_the_address_of_the_proxy_is_in_no_message(bench, monkeypatch):
    # pragma: allowlist nextline secret - made up for this test
    monkeypatch.setenv("GOPROXY", "http://someone:hunter2@127.0.0.1:1")

    with pytest.raises(ToolMissing) as missing:
        bench.locate()

    assert "hunter2" not in str(missing.value)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda content: content[:1000], id="cut off"),
        pytest.param(lambda content: content[:1000] + b"\0" * 8 + content[1008:], id="overwritten in the middle"),
        pytest.param(lambda _: b"", id="empty"),
    ],
)
def test_a_damaged_program_of_the_cache_is_built_again(bench, damage):
    tool = bench.locate()
    tool.path.write_bytes(damage(tool.path.read_bytes()))

    again = bench.locate()

    assert again == tool
    assert subprocess.check_output([again.path], text=True) == "tiny version 1.0.0\n"
    assert bench.left_over() == [tool.path.parent.name, "lock"]


def test_a_cache_that_was_copied_is_still_good(bench):
    tool = bench.locate()
    os.utime(tool.path, (1, 1))

    assert bench.locate(search_path=str(bench.folder)) == tool


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_an_interrupted_build_is_done_again(bench, number):
    started = bench.folder / "started"
    waits = bench.program("go", f'[ "$1" = build ] || exec {go_folder()}/go "$@"\necho $$ >{started}\nexec sleep 600')
    first = bench.start(waits)
    eventually(lambda: started.exists() and started.read_text().strip())
    first.send_signal(number)
    first.communicate(timeout=60)

    again = bench.locate()

    assert subprocess.check_output([again.path], text=True) == "tiny version 1.0.0\n"
    assert bench.left_over() == [again.path.parent.name, "lock"]
    builder = int(started.read_text())
    if number == signal.SIGKILL:  # nobody was left to end it
        with contextlib.suppress(ProcessLookupError):
            os.kill(builder, signal.SIGKILL)
    else:
        with pytest.raises(ProcessLookupError):
            os.kill(builder, 0)


def test_two_runs_at_once_build_once(bench):
    log, go_on = bench.folder / "log", bench.folder / "go-on"
    go = bench.program(
        "go",
        f'if [ "$1" = build ]; then echo build >>{log}; while [ ! -e {go_on} ]; do sleep 0.05; done; fi\n'
        f'exec {go_folder()}/go "$@"',
    )
    first = bench.start(go)
    eventually(log.exists)
    second = bench.start(go)
    said = second.stderr.readline()
    go_on.touch()
    results = [process.communicate(timeout=120)[0] for process in (first, second)]

    assert said == f"wait for process {first.pid}, which gets tiny 1.0.0 ...\n"
    assert results[0] == results[1]
    assert results[0].strip().endswith("/tiny")
    assert log.read_text() == "build\n"


def test_the_wait_for_another_run_ends(bench):
    home = cache.entry(bench.cache, bench.recipe()).parent
    home.mkdir(parents=True)
    with (home / "lock").open("w") as lock:
        lock.write("4711\n")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)

        with (
            pytest.raises(ToolMissing, match="end process 4711 and run this again"),
            cache.locked(bench.cache, bench.recipe(), timeout_s=0.3),
        ):
            pass


def test_a_cache_that_cannot_be_written_is_told_with_the_variable_that_moves_it(bench):
    bench.cache.write_text("in the way")

    with pytest.raises(SettingsError, match="set APPS_BACKUP_CACHE"):
        bench.locate()


def test_a_go_that_is_too_old_to_fetch_a_newer_one_is_not_used(bench):
    old = bench.program("go", "echo go version go1.19.8 linux/amd64")

    with pytest.raises(ToolMissing, match=r"no go 1\.21 or newer is on the PATH.*`apt go`"):
        bench.locate(search_path=old)


def test_where_go_is_not_on_the_path_it_is_got_too_and_its_caches_do_not_stay(bench, monkeypatch):
    real = toolchain.get("go")
    script = f'#!/bin/sh\nexec {real.path} "$@"\n'
    python_package.publish(bench.folder, "packed", real.version, {"packed/go": script})
    with_wheel = bench.tools_file.read_text().replace(
        'install = { debian = "apt go"',
        'wheel = { requirements = "requirements-packed.txt", program = "packed/go" }\ninstall = { debian = "apt go"',
    )
    bench.tools_file.write_text(with_wheel.replace('version = "1.27.3"', f'version = "{real.version}"'))
    for name in ("GOMODCACHE", "GOPATH", "GOCACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(bench.folder / "home"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(bench.folder))

    tool = bench.locate(search_path=str(bench.folder))

    assert sorted(path.name for path in tool.path.parent.iterdir()) == [".sealed.json", "tiny"]
    assert sorted(path.name for path in bench.cache.iterdir()) == ["tools"]
    assert not (bench.folder / "home" / "go").exists()


def test_a_program_that_is_not_built_here_says_why(bench):
    recipe = replace(bench.recipe(), source=None, optional="its licence forbids it")

    with pytest.raises(ToolMissing) as missing:
        locate(recipe, search_path="", cache_folder=bench.cache, tools_file=bench.tools_file)

    assert missing.value.found == "no tiny 0.9 or newer is on the PATH; its licence forbids it"


@pytest.mark.parametrize("name", [name for name, recipe in read().items() if not (recipe.optional or recipe.on_demand)])
def test_each_tool_of_this_project_can_be_had_and_runs(name):
    tool = toolchain.get(name)

    assert tool.path.is_absolute()
    assert os.access(tool.path, os.X_OK)
    assert tool.version


def test_a_tool_of_another_name_is_answered_with_the_names_there_are():
    with pytest.raises(SettingsError, match="name one of go, git, kustomize"):
        toolchain.get("kustomise")
