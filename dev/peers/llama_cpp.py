"""The peer llama.cpp: its programs, built from what PyPI's llama-cpp-python vendors, its model, its figures."""
import json
import os
import re
import shutil
import statistics

from peers.environment import PEERS, PYTHON, REPOSITORY, Trouble, checked, install, making, measured, say

# llama.cpp itself is not on PyPI; this package carries its source whole. Another version may be given.
VERSION = "0.3.36"
PROGRAMS = ("llama-bench", "llama-quantize", "llama-server")
# What a user who wants speed on one machine builds: for its own processor, with nothing that a CPU does not need.
OPTIONS = (
    ["-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON", "-DBUILD_SHARED_LIBS=OFF", "-DLLAMA_OPENSSL=OFF"]
    + ["-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_BUILD_APP=OFF"]
    + ["-DLLAMA_BUILD_UI=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF"]
)


def compiler():
    """Clang where it is there, as it is beside Swift: built by GCC 12, products of tiles end with an illegal instruction."""
    return ["-DCMAKE_C_COMPILER=clang", "-DCMAKE_CXX_COMPILER=clang++"] if shutil.which("clang++") else []


def build(version=VERSION, jobs=2):
    """The folder of the programs; downloads and builds them the first time, which takes some ten minutes."""
    source = PEERS / f"llama_cpp_python-{version}"
    made = PEERS / f"llama-cpp-{version}{'-clang' if compiler() else ''}"
    if all((made / "bin" / name).exists() for name in PROGRAMS):
        return made / "bin"
    install("cmake", "ninja", "gguf")
    if not source.exists():
        say(f"downloading llama-cpp-python {version}")
        checked([PYTHON, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary",
                 "llama-cpp-python", "-d", PEERS / "sdist", f"llama-cpp-python=={version}"],
                f"downloading llama-cpp-python {version}")  # fmt: skip
        archive = PEERS / f"sdist/llama_cpp_python-{version}.tar.gz"
        with making(source) as part:
            part.mkdir()
            checked(["tar", "-xzf", archive, "-C", part, "--strip-components", "1"], "unpacking llama.cpp")
    cmake, environment = PYTHON.parent / "cmake", f"PATH={PYTHON.parent}:{os.environ['PATH']}"
    log = PEERS / "build.log"
    say(f"building llama.cpp, some ten minutes; see {log}")
    checked(["env", environment, cmake, "-S", source / "vendor/llama.cpp", "-B", made, "-G", "Ninja", *OPTIONS, *compiler()],
            "configuring llama.cpp", log)  # fmt: skip
    # Nice, since whoever compares wants to go on working meanwhile.
    checked(["env", environment, "nice", "-n", "10", cmake, "--build", made, "-j", jobs, "--target", *PROGRAMS],
            "building llama.cpp", log)  # fmt: skip
    return made / "bin"


def versions(programs, version):
    told = checked([programs / "llama-bench", "--version"], "asking llama-bench for its version")
    found = re.search(r"version:?\s*(.*)", told)
    return f"llama-cpp-python {version} vendors it" + (f", version {found.group(1).strip()}" if found else "")


def model(programs, dtype):
    """The file of the model in `bf16` or `q8_0`, made the first time."""
    files = {name: PEERS / f"moe4s-{name}.gguf" for name in ("bf16", "q8_0")}
    if not files["bf16"].exists():
        install("gguf")
        with making(files["bf16"]) as part:
            checked([PYTHON, REPOSITORY / "dev/peers/write_gguf.py", part], "writing a model for llama.cpp")
    if not files[dtype].exists():
        with making(files[dtype]) as part:
            checked([programs / "llama-quantize", files["bf16"], part, dtype.upper()], f"making the model {dtype}")
    return files[dtype]


def bench_command(programs, file, threads, *, prefill, decode, depth, repetitions):
    """One of prefill and decode may be 0, which leaves it out. With and without its flash attention: behind a long
    context it decodes faster without, though on is what it chooses by itself."""
    return [programs / "llama-bench", "-m", file, "-p", prefill, "-n", decode, "-d", depth, "-t", threads,
            "-fa", "0,1", "-r", repetitions, "-o", "json"]  # fmt: skip


def bench_figure(text):
    """The median of a test's repetitions, tokens a second, from what `llama-bench -o json` prints: that of its best way."""
    try:
        return max(statistics.median(told["samples_ts"]) for told in json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise Trouble(f"expected tests with samples_ts from llama-bench, got {text[:80]!r} ({error})") from None


def bench(command):
    """Tokens a second, and how many cores others kept busy."""
    text, others = measured(command)
    return bench_figure(text), others


def serve_command(programs, file, threads, port, slots, context, flash="auto"):
    return [programs / "llama-server", "-m", file, "-t", threads, "-tb", threads, "-np", slots, "-c", context,
            "-fa", flash, "--host", "127.0.0.1", "--port", port]  # fmt: skip
