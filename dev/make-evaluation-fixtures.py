#!/usr/bin/env python3
"""Writes the small data sets in Tests/Fixtures/evaluation that are binary in their publishers' form.

    dev/make-evaluation-fixtures.py [FOLDER]

PathVQA: pickles of each protocol that is read. MedMNIST: .npz files, packed and stored. Needs NumPy, and writes the same
bytes every time but for the time stamps that NumPy leaves out anyway. Pictures and questions are made up here.
"""

import pickle
import sys
from pathlib import Path

import numpy

here = Path(__file__).resolve().parent.parent
folder = Path(sys.argv[1]) if len(sys.argv) > 1 else here / "Tests/Fixtures/evaluation"
folder.mkdir(parents=True, exist_ok=True)

questions = [
    {"answer": "yes", "image": "test_0001", "question": "Is the made-up tissue grey?"},
    {"answer": "squares", "image": "test_0001", "question": "What does the made-up tissue show?"},
    {"answer": "Bild für Übung", "image": "test_0002", "question": "What is written below?"},
]
for protocol in range(2, 6):
    (folder / f"pathvqa-protocol-{protocol}.pkl").write_bytes(pickle.dumps(questions, protocol=protocol))

random = numpy.random.default_rng(7)


def part(name, count, shape, classes):
    images = random.integers(0, 4, (count, *shape), dtype=numpy.uint8) * 80
    labels = (numpy.arange(count, dtype=numpy.uint8) % classes).reshape(count, 1)
    return {f"{name}_images": images, f"{name}_labels": labels}


numpy.savez_compressed(
    folder / "pneumoniamnist.npz",
    **part("train", 1, (28, 28), 2),
    **part("val", 2, (28, 28), 2),
    **part("test", 3, (28, 28), 2),
)
numpy.savez(folder / "colours.npz", **part("test", 2, (28, 28, 3), 3))
