"""The launcher: what it finds, what it refuses, and that nothing stays behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from splitter.binaries import find_in_wheels
from splitter.embedded import Cluster, initialize, temporary
from splitter.errors import NoServer
from tests.servers import binaries

pytestmark = pytest.mark.postgres(18)
ROOT = os.geteuid() == 0


@pytest.fixture
def place():
    """A folder that every user can get to, which pytest's own is not."""
    path = Path(tempfile.mkdtemp(prefix="orglift-test-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def cluster(place, major):
    cluster = initialize(place / "cluster", binaries(major))
    yield cluster
    cluster.stop()


def ask(url: str, question: str) -> Any:
    with psycopg.connect(url) as conn:
        row = conn.execute(question).fetchone()
    return row and row[0]


def wait_until(condition, seconds: float = 20.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


def server_pid(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])


def starts(cluster: Cluster) -> bool:
    """The children of a killed server take a moment to let go of its memory."""
    try:
        return cluster.start().is_running()
    except NoServer:
        return False


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not Path("/proc/self").exists() or "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


@pytest.mark.postgres(15, 18)
def test_a_server_starts_answers_and_stops(cluster, major):
    cluster.start(settings={"fsync": "off", "wal_level": "logical"})
    assert cluster.is_running()
    assert ask(cluster.url(), "SHOW server_version_num").startswith(str(major))
    assert ask(cluster.url(), "SHOW wal_level") == "logical"
    assert ask(cluster.url(), "SHOW server_encoding") == "UTF8"
    assert ask(cluster.url(), "SELECT datcollate FROM pg_database WHERE datname = 'template1'") in ("C.UTF-8", "C")
    pid = server_pid(cluster)
    cluster.stop()
    assert not cluster.is_running()
    assert not is_alive(pid)


def test_it_listens_on_no_network_unless_asked(cluster):
    cluster.start()
    assert ask(cluster.url(), "SHOW listen_addresses") == ""
    assert "host=" in cluster.url()


def test_it_listens_on_a_port_of_this_machine(cluster):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    cluster.start(port=port)
    assert cluster.url("postgres") == f"postgresql://postgres@127.0.0.1:{port}/postgres"
    assert ask(cluster.url(), "SELECT inet_server_port()") == port


def test_the_socket_is_closed_to_other_users(cluster):
    cluster.start()
    folder = psycopg.conninfo.conninfo_to_dict(cluster.url())["host"]
    assert Path(str(folder)).stat().st_mode & 0o077 == 0


def test_a_long_path_gets_its_socket_elsewhere(place, major):
    cluster = initialize(place / ("long" * 30), binaries(major)).start()
    folder = Path(str(psycopg.conninfo.conninfo_to_dict(cluster.url())["host"]))
    assert ask(cluster.url(), "SELECT 1") == 1
    cluster.stop()
    assert not folder.exists()


def test_names_in_a_url_are_escaped(cluster):
    cluster.start()
    with psycopg.connect(cluster.url(), autocommit=True) as conn:
        conn.execute('CREATE DATABASE "we/ird @?"')
    assert ask(cluster.url("we/ird @?"), "SELECT current_database()") == "we/ird @?"


def test_starting_twice_is_one_server(cluster):
    cluster.start()
    pid = server_pid(cluster)
    cluster.start()
    assert server_pid(cluster) == pid


def test_a_cluster_is_opened_again_with_its_data(cluster, place):
    cluster.start()
    with psycopg.connect(cluster.url(), autocommit=True) as conn:
        conn.execute("CREATE DATABASE kept")
    cluster.stop()
    again = initialize(place / "cluster", cluster.binaries).start()
    assert ask(again.url("kept"), "SELECT current_database()") == "kept"
    again.stop()


def test_a_setting_that_the_server_does_not_know_is_told(cluster):
    with pytest.raises(NoServer, match="unrecognized configuration parameter"):
        cluster.start(settings={"no_such_setting": "1"})


def test_a_server_that_does_not_run_has_no_url(cluster):
    with pytest.raises(NoServer, match="is not running"):
        cluster.url()


def test_what_a_killed_server_left_is_no_running_server(cluster):
    cluster.start(detach=True)
    pid = server_pid(cluster)
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid))
    assert not cluster.is_running()
    wait_until(lambda: starts(cluster))


def test_a_temporary_cluster_leaves_nothing(place, major):
    with temporary(binaries(major), place=place) as cluster:
        pid = server_pid(cluster)
    assert not list(place.iterdir())
    assert not is_alive(pid)


CHILD = """
import multiprocessing, signal, sys, time
from pathlib import Path
from splitter import embedded
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job inherits that it is ignored
with embedded.temporary(Path(sys.argv[1]), place=Path(sys.argv[2])) as cluster:
    if sys.argv[3] == "fork":
        multiprocessing.get_context("fork").Process(target=time.sleep, args=(1,)).start()
    print((cluster.data / "postmaster.pid").read_text().split()[0], flush=True)
    time.sleep(600)
"""


def start_child(place: Path, major: int, how: str = "") -> tuple[subprocess.Popen[str], int]:
    command = [sys.executable, "-c", CHILD, str(binaries(major)), str(place), how]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    return child, int(child.stdout.readline())


@pytest.mark.parametrize("how", ["", "fork"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_stays_behind_when_the_parent_is_killed(place, major, number, how):
    child, server = start_child(place, major, how)
    with child:
        child.send_signal(number)
        wait_until(lambda: not is_alive(server))
        wait_until(lambda: not list(place.iterdir()))


def test_a_detached_server_outlives_its_parent_and_is_stopped_later(place, major):
    code = """import sys; from pathlib import Path; from splitter import embedded
embedded.initialize(Path(sys.argv[1]), Path(sys.argv[2])).start(detach=True)"""
    subprocess.run([sys.executable, "-c", code, str(place / "kept"), str(binaries(major))], check=True)
    cluster = Cluster(place / "kept", binaries(major))
    pid = server_pid(cluster)
    assert ask(cluster.url(), "SELECT 1") == 1
    cluster.stop()
    assert not is_alive(pid)
    cluster.stop()  # twice is not an error


@pytest.mark.skipif(not ROOT, reason="only root runs it as somebody else")
def test_as_root_the_server_runs_as_nobody(cluster):
    cluster.start()
    assert Path(f"/proc/{server_pid(cluster)}").stat().st_uid == 65534


@pytest.mark.skipif(not ROOT, reason="only root runs it as somebody else")
def test_a_folder_that_the_servers_user_cannot_enter_is_refused_and_stays_as_it_was(place, major):
    home = place / "home"
    home.mkdir(mode=0o700)
    with pytest.raises(NoServer, match=f"'nobody', who cannot enter '{home}'") as caught:
        initialize(home / "deep" / "cluster", binaries(major))
    assert "below" in caught.value.hint
    assert not list(home.iterdir())
    assert home.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(not ROOT, reason="only root runs it as somebody else")
def test_a_wheel_in_a_closed_home_is_copied_to_where_its_user_can_run_it(place):
    closed = place / "home"
    closed.mkdir(mode=0o700)
    package = find_in_wheels()[0].parent.parent
    shutil.copytree(package, closed / package.name)
    shutil.copytree(package.with_name(f"{package.name}.libs"), closed / f"{package.name}.libs")
    cluster = initialize(place / "cluster", closed / package.name / "pginstall" / "bin").start()
    assert ask(cluster.url(), "SELECT 1") == 1
    cluster.stop()
