"""Our side of a comparison: a checkpoint of random numbers, the engine by itself, and the server."""
import json
import subprocess
import sys

from peers.environment import PEERS, REPOSITORY, Trouble, checked, making, measured


def checkpoint(size):
    """The folder of a bfloat16 checkpoint, made the first time."""
    folder = PEERS / size
    if not folder.exists():
        with making(folder) as part:
            checked([sys.executable, REPOSITORY / "dev/make-random-checkpoint", size, part, "--dtype", "bf16"],
                    f"making a checkpoint of {size}")  # fmt: skip
    return folder


def version(programs):
    """The commit that is checked out where the programs are; they are taken to be built from it."""
    folder = programs if programs.is_dir() else REPOSITORY
    told = subprocess.run(["git", "-C", folder, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return f"{programs / 'medmoe'}, repository at {told.stdout.strip() or 'an unknown commit'}"


def engine_command(programs, model, dtype, threads, *, prefill, decode, context, repetitions, cluster=False):
    return [programs / "medmoe", "bench", "engine", model, "--dtype", dtype, "--threads", threads,
            *(["--cluster"] if cluster else []), "--prefill", prefill, "--decode", decode, "--context", context,
            "--rounds", repetitions, "--json"]  # fmt: skip


def engine_figures(text):
    """Prefill and decode, tokens a second, from what `medmoe bench engine --json` prints."""
    try:
        told = json.loads(text)
        return float(told["prefill_tokens_per_second"]), float(told["decode_tokens_per_second"])
    except (ValueError, KeyError, TypeError) as error:
        raise Trouble("expected prefill_tokens_per_second and decode_tokens_per_second from medmoe bench engine, "
                      f"got {text[:80]!r} ({error})") from None  # fmt: skip


def engine(command):
    """Prefill and decode of one run, tokens a second, and how many cores others kept busy."""
    text, others = measured(command)
    return *engine_figures(text), others


def serve_command(programs, model, dtype, threads, port):
    return [programs / "medmoe", "serve", model, "--dtype", dtype, "--threads", threads, "--port", port]
