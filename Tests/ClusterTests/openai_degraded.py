"""Reads marked answers of a router without domain experts: python openai_degraded.py BASE_URL PHANTOM_FOLDER."""

import base64
import pathlib
import sys

import openai

base, folder = sys.argv[1], pathlib.Path(sys.argv[2])
client = openai.OpenAI(base_url=base, api_key="none", max_retries=0)
picture = sorted(folder.glob("*.png"))[0].read_bytes()
url = "data:image/png;base64," + base64.b64encode(picture).decode()
content = [
    {"type": "text", "text": "Identify the modality."},
    {"type": "image_url", "image_url": {"url": url}},
]
question = dict(
    model="medmoe-nano", messages=[{"role": "user", "content": content}], temperature=0, max_tokens=12
)


def check(mark):
    assert mark["degraded"] is True, mark
    experts = [expert["expert"] for expert in mark["missing_experts"]]
    assert experts and "meta" not in experts, mark
    assert all(expert["tokens"] > 0 and expert["gate_mass_lost"] > 0 for expert in mark["missing_experts"]), mark
    assert 0 < mark["gate_mass_lost_share"] <= 1, mark


response = client.chat.completions.with_raw_response.create(**question)
assert response.headers["x-medmoe-degraded"] == "true", response.headers
whole = response.parse()
check(whole.medmoe)

text, marks = "", []
for chunk in client.chat.completions.create(**question, stream=True):
    text += "".join(choice.delta.content or "" for choice in chunk.choices)
    if getattr(chunk, "medmoe", None):
        marks.append(chunk.medmoe)
assert text == whole.choices[0].message.content, (text, whole)
assert marks, "no chunk was marked"
check(marks[-1])

# Who wants a whole answer or none says so.
try:
    client.chat.completions.create(**question, extra_body={"medmoe": {"on_missing_expert": "refuse"}})
    raise AssertionError("an answer came that was to be refused")
except openai.InternalServerError as error:
    assert error.status_code == 503 and error.code == "expert_unavailable", error

print("all checks passed")
