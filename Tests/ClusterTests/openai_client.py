"""Asks a running server through the official openai client: python openai_client.py BASE_URL PHANTOM_FOLDER."""

import base64
import pathlib
import sys

import openai

base, folder = sys.argv[1], pathlib.Path(sys.argv[2])
client = openai.OpenAI(base_url=base, api_key="none", max_retries=0)

models = client.models.list().data
assert [model.id for model in models] == ["medmoe-nano"], models
model = models[0].id

picture = sorted(folder.glob("*.png"))[0].read_bytes()
url = "data:image/png;base64," + base64.b64encode(picture).decode()
messages = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "Identify the modality."},
            {"type": "image_url", "image_url": {"url": url}},
        ],
    }
]

whole = client.chat.completions.create(model=model, messages=messages, temperature=0, max_tokens=24)
answer = whole.choices[0].message.content
assert answer and whole.choices[0].finish_reason in ("stop", "length"), whole
assert whole.object == "chat.completion" and whole.usage.prompt_tokens > 64, whole.usage
assert whole.usage.total_tokens == whole.usage.prompt_tokens + whole.usage.completion_tokens

stream = client.chat.completions.create(
    model=model,
    messages=messages,
    temperature=0,
    max_tokens=24,
    stream=True,
    stream_options={"include_usage": True},
    extra_body={"medmoe": {"provenance": "summary"}},
)
text, reasons, usage, roles, provenance = "", [], None, [], None
for chunk in stream:
    assert chunk.object == "chat.completion.chunk" and chunk.model == model
    if chunk.usage is not None:
        usage = chunk.usage
        assert chunk.choices == []
    for choice in chunk.choices:
        text += choice.delta.content or ""
        roles += [choice.delta.role] if choice.delta.role else []
        reasons += [choice.finish_reason] if choice.finish_reason else []
    provenance = getattr(chunk, "medmoe", None) or provenance
assert text == answer, (text, answer)
assert roles == ["assistant"] and reasons == [whole.choices[0].finish_reason], (roles, reasons)
assert usage.total_tokens == whole.usage.total_tokens, (usage, whole.usage)
# The same question again: all but its last block was known.
known = usage.prompt_tokens_details.cached_tokens
assert 0 < known < usage.prompt_tokens and whole.usage.prompt_tokens_details.cached_tokens == 0, (usage, whole.usage)
assert provenance["degraded"] is False and len(provenance["experts"]) >= 2, provenance
shares = [e["token_share"] for e in provenance["experts"] if e["expert"] != "meta"]
assert abs(sum(shares) - 1) < 1e-9, shares
for expert in provenance["experts"]:
    for layer in expert["layers"]:
        assert len(layer["nodes"]) == 1 and len(layer["weights_hashes"][0]) == 64, layer

seeded = [
    client.chat.completions.create(model=model, messages=messages, temperature=1, top_p=0.9, seed=7, max_tokens=12)
    for _ in range(2)
]
assert seeded[0].choices[0].message.content == seeded[1].choices[0].message.content

for wrong, kind in [
    (dict(model="gpt-9"), openai.NotFoundError),
    (dict(temperature=9), openai.BadRequestError),
    (dict(n=3), openai.BadRequestError),
    (dict(messages=[]), openai.BadRequestError),
]:
    try:
        client.chat.completions.create(**{"model": model, "messages": messages, **wrong})
    except kind as error:
        assert error.body["message"] and error.body["type"] and "param" in error.body, error.body
    else:
        raise AssertionError(f"{wrong} was accepted")

print("all checks passed:", answer)
