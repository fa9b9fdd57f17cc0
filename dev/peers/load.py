"""One load for both servers: so many streamed requests in flight, counted and timed the same way on both sides.

A request is a path and a body; what differs between the servers is only how to make one and how to read an event.
"""
import http.client
import json
import math
import random
import statistics
import threading
import time
from dataclasses import dataclass

from peers.environment import Trouble

SECONDS = 600


@dataclass
class Answer:
    start: float
    first: float = 0.0  # when its first text came
    end: float = 0.0
    prompt: int = 0
    tokens: int = 0


# --- The two servers -------------------------------------------------------------------------------------------------


class Llama:
    """llama-server's own endpoint, which takes token ids."""

    path = "/completion"

    def body(self, prompt, tokens):
        return {"prompt": prompt, "n_predict": tokens, "temperature": 0, "stream": True, "ignore_eos": True}

    def prompt(self, seed, count, shared):
        """As many ids, of which the first `shared` are the same in every prompt, as those of a template are."""
        common, own = random.Random(0), random.Random(seed)
        return [(common if place < shared else own).randrange(256, 49151) for place in range(count)]

    def read(self, event, answer, now):
        if event.get("content") and not answer.first:
            answer.first = now
        if event.get("stop"):
            answer.tokens, answer.prompt = event["tokens_predicted"], event["tokens_evaluated"]


class MedMoE:
    """Our server, which takes text; a short system message stands for the long one of the template."""

    path = "/v1/chat/completions"

    def __init__(self, model):
        self.model = model

    def body(self, prompt, tokens):
        messages = [{"role": "system", "content": "."}, {"role": "user", "content": prompt}]
        return {"model": self.model, "messages": messages, "max_tokens": tokens, "temperature": 0, "stream": True,
                "stream_options": {"include_usage": True}, "medmoe": {"ignore_eos": True}}  # fmt: skip

    def prompt(self, seed, words):
        """Words of two letters: one token each in our random checkpoint, and one for each space."""
        own = random.Random(seed)
        return " ".join("".join(own.choices("abcdefghijklmnopqrstuvwxyz", k=2)) for _ in range(words))

    def read(self, event, answer, now):
        if "error" in event:
            raise Trouble(f"our server broke off: {event['error'].get('message', event['error'])}")
        if any(choice["delta"].get("content") for choice in event["choices"]) and not answer.first:
            answer.first = now
        if event.get("usage"):
            answer.tokens, answer.prompt = event["usage"]["completion_tokens"], event["usage"]["prompt_tokens"]


# --- The load --------------------------------------------------------------------------------------------------------


def ask(server, port, prompt, tokens):
    """One streamed request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    text = json.dumps(server.body(prompt, tokens))
    answer = Answer(time.perf_counter())
    try:
        connection.request("POST", server.path, text, {"content-type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise Trouble(f"{server.path} answered {response.status}: {response.read(200).decode(errors='replace')}")
        for line in response:
            if line.startswith(b"data: ") and line[6:].strip() != b"[DONE]":
                server.read(json.loads(line[6:]), answer, time.perf_counter())
        answer.end = time.perf_counter()
    except (OSError, http.client.HTTPException) as error:
        raise Trouble(f"{server.path} broke off: {error}") from None
    finally:
        connection.close()
    return answer


def calibrate(server, port, wanted):
    """How many words make a prompt of at least `wanted` tokens; the tokens of that, and of the template before it."""
    one = ask(server, port, server.prompt(0, 1), 1).prompt
    words = max(1, (wanted - one + 1) // 2 + 1)
    count = ask(server, port, server.prompt(0, words), 1).prompt
    return words, count, one - 1


def percentile(values, share):
    """The nearest rank."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def summary(answers, tokens):
    """Tokens a second of all together, and milliseconds to the first text."""
    short = [answer.tokens for answer in answers if answer.tokens != tokens or not answer.first]
    if short:
        raise Trouble(f"expected {tokens} tokens in every answer, got {short[0]}; the server has to go on past an end")
    wall = max(answer.end for answer in answers) - min(answer.start for answer in answers)
    first = [1000 * (answer.first - answer.start) for answer in answers]
    return {"tokens_per_second": sum(answer.tokens for answer in answers) / wall, "ttft_p50": statistics.median(first),
            "ttft_p99": percentile(first, 0.99), "prompt": answers[0].prompt}  # fmt: skip


def load(server, port, prompts, tokens, in_flight):
    """Sends all prompts but the first, so many at a time; the first goes alone before, to touch the weights' pages."""
    first, *waiting = prompts
    ask(server, port, first, 4)
    answers, failures, lock = [], [], threading.Lock()

    def worker():
        while not failures:
            with lock:
                if not waiting:
                    return
                prompt = waiting.pop(0)
            try:
                answer = ask(server, port, prompt, tokens)
            except Exception as error:  # noqa: BLE001 - whatever it was, the main thread says it
                failures.append(error)
                return
            answers.append(answer)

    threads = [threading.Thread(target=worker) for _ in range(in_flight)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return summary(answers, tokens)
