"""What every comparison needs: where the peers live, their Python, this machine, commands and what disturbed them."""
import contextlib
import os
import re
import resource
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PEERS = Path.home() / ".cache/medmoe/peers"
PYTHON = PEERS / "venv/bin/python"


class Trouble(Exception):
    """One sentence for the user: what was expected, what came, what to do."""


def say(text):
    print(f"{Path(sys.argv[0]).name}: {text}", file=sys.stderr, flush=True)


def told(work):
    """Does the work; returns what sys.exit takes, so that the figures so far can be shown before it."""
    try:
        work()
    except Trouble as trouble:
        return f"{Path(sys.argv[0]).name}: {trouble}"
    except KeyboardInterrupt:
        return f"{Path(sys.argv[0]).name}: stopped"
    return 0


def shown(command):
    return shlex.join(str(word) for word in command)


# --- Python packages of the peers ------------------------------------------------------------------------------------


def install(*requirements, options=()):
    """Installs packages into the peers' own Python, which is made the first time; quick when nothing is missing."""
    if not PYTHON.exists():
        say(f"making {PEERS / 'venv'} for the peers")
        PEERS.mkdir(parents=True, exist_ok=True)
        checked([sys.executable, "-m", "venv", PEERS / "venv"], "making a Python environment (is python3-venv there?)")
    checked([PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options, *requirements],
            f"installing {', '.join(requirements)}")  # fmt: skip


def checked(command, doing, log=None):
    """Runs a command of the preparation; when it fails the last line it wrote says why."""
    command = [str(word) for word in command]
    if log:
        with open(log, "w") as file:
            status = subprocess.run(command, stdout=file, stderr=file).returncode
        text = Path(log).read_text(errors="replace")
    else:
        run = subprocess.run(command, capture_output=True, text=True)
        status, text = run.returncode, run.stdout + run.stderr
    if status:
        lines = [line for line in text.splitlines() if line.strip()] or ["no output"]
        raise Trouble(f"{doing} failed with status {status}: {lines[-1].strip()}" + (f" (all in {log})" if log else ""))
    return text


@contextlib.contextmanager
def making(path):
    """A name to make a file or folder under, which takes its own when it is whole and leaves nothing otherwise."""
    say(f"making {path}")
    PEERS.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{os.getpid()}.{path.name}")
    try:
        yield part
        part.rename(path)
    finally:
        if part.is_dir():
            shutil.rmtree(part)
        part.unlink(missing_ok=True)


# --- The machine -----------------------------------------------------------------------------------------------------


def machine():
    """What a reader needs to judge a figure: the processor, its cores, memory, and settings that change speed."""
    text = Path("/proc/cpuinfo").read_text()
    names = re.findall(r"model name\s*:\s*(.*)", text)
    family, number = re.findall(r"cpu family\s*:\s*(\d+)", text), re.findall(r"^model\s*:\s*(\d+)", text, re.MULTILINE)
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1))
    speed = re.compile("OPENBLAS_|G?OMP_|GGML_|MKL_|ONEDNN_|DNNL_")
    settings = {key: value for key, value in sorted(os.environ.items()) if speed.match(key)}
    return {
        "cpu": names[0] if names else "unknown", "family": int(family[0]) if family else None,
        "model": int(number[0]) if number else None, "cores": os.cpu_count(), "memory_gib": round(memory / 2**20),
        "settings": settings,
    }  # fmt: skip


SPINNING = set()  # processes that stand for other work, and so are not other work


def busy_seconds():
    """Seconds of CPU that all processes of the machine took so far, and those of this one, its ended children, and what
    spins on purpose."""
    ticks = os.sysconf("SC_CLK_TCK")
    fields = [int(word) for word in Path("/proc/stat").read_text().split("\n")[0].split()[1:8]]
    everyone = (sum(fields) - fields[3] - fields[4]) / ticks
    mine = 0.0
    for process in SPINNING:
        taken = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
        mine += sum(int(word) for word in taken) / ticks
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        usage = resource.getrusage(who)
        mine += usage.ru_utime + usage.ru_stime
    return everyone, mine


class Others:
    """How many cores other work kept busy meanwhile; a figure beside 0.2 or more is a disturbed one."""

    def __enter__(self):
        self.start, self.before, self.cores = time.monotonic(), busy_seconds(), 0.0
        return self

    def __exit__(self, *_):
        everyone, mine = (after - before for after, before in zip(busy_seconds(), self.before))
        self.cores = max(0.0, everyone - mine) / max(0.001, time.monotonic() - self.start)


@contextlib.contextmanager
def spinning():
    """One core's worth of somebody else's work."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    SPINNING.add(process.pid)
    try:
        yield
    finally:
        SPINNING.remove(process.pid)
        process.kill()
        process.wait()


def wait_until_quiet(seconds):
    """Waits, so long at most, until other work keeps less than a fifth of a core busy."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with Others() as others:
            time.sleep(2)
        if others.cores < 0.2:
            return
    if seconds:
        say(f"other work did not end within {seconds:.0f} s; measuring beside it")


# --- Commands that are measured --------------------------------------------------------------------------------------


def measured(command):
    """Runs a command; returns what it printed and how many cores others kept busy."""
    command = [str(word) for word in command]
    try:
        with Others() as others:
            run = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        raise Trouble(f"expected the program {command[0]}, it is not there; build it, or say where it is") from None
    if run.returncode:
        lines = [line for line in (run.stderr or run.stdout).splitlines() if line.strip()] or ["no output"]
        raise Trouble(f"`{shown(command)}` ended with status {run.returncode}: {lines[-1].strip()}")
    return run.stdout, others.cores


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def server(command, port, ready_path, seconds=600):
    """A server that answers, ended and waited for afterwards."""
    command = [str(word) for word in command]
    log = PEERS / "server.log"
    try:
        with open(log, "w") as file:
            process = subprocess.Popen(command, stdout=file, stderr=file)
    except FileNotFoundError:
        raise Trouble(f"expected the program {command[0]}, it is not there; build it, or say where it is") from None
    try:
        deadline = time.monotonic() + seconds
        while True:
            if process.poll() is not None:
                raise Trouble(f"`{shown(command)}` ended with status {process.returncode} before it was up; see {log}")
            with contextlib.suppress(urllib.error.URLError, OSError):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{ready_path}", timeout=5):
                    break
            if time.monotonic() > deadline:
                raise Trouble(f"`{shown(command)}` was not ready after {seconds} s; see {log}")
            time.sleep(0.1)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
