#!/usr/bin/env python3
"""What `transformers` makes of texts with the tokenizer files that this program writes.

    python3 -m venv venv && venv/bin/pip install transformers xxhash
    mkdir tokenizer; GPT1_DIST_WRITE_TOKENIZER=$PWD/tokenizer swift test --filter writeTheTokenizerOfTheFixture
    venv/bin/python Tests/DataTests/Fixtures/make_transformers_fixtures.py tokenizer

rewrites transformers.json beside this file: the hash of tokenizer.json, and texts with their ids.
"""
import json
import sys
from pathlib import Path

import xxhash
from transformers import AutoTokenizer

TEXTS = [
    "the cat sat on the mat", "", " ", "\n", "\n the cat \r\n\n sat\n", "The CAT, the \"end\"!", "the cat—the mat", "the … end´s",
    "café cafe\u0301 Ω", "a\tb\x0bc\x0cd\x1ce\x85f", "a\u200bb\u2028c\u00a0d", "_start_ the _classify_ <unk> end", "the\u4e00\u4e8ccat",
    "--the--", "mat\u3000\n\u3000cat", "zzz 123 ÀÉ", "the\n\u200b\ncat", "x" * 50,
]
PAIRS = [("the cat", "the mat"), ("the end\n", "\n"), ("", "cat")]

folder = Path(sys.argv[1])
tokenizer = AutoTokenizer.from_pretrained(folder)
cases = [dict(text=t, ids=tokenizer(t)["input_ids"]) for t in TEXTS]
cases += [dict(text=a, pair=b, ids=tokenizer(a, b)["input_ids"]) for a, b in PAIRS]
out = dict(hash=xxhash.xxh3_128_hexdigest((folder / "tokenizer.json").read_bytes()), cases=cases)
Path(__file__).with_name("transformers.json").write_text(json.dumps(out, indent=1) + "\n")
