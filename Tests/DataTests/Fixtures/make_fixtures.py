"""Makes tokenizer.json beside itself and standardise.json in WordsTests: what the tests of text to ids compare with.

    python3 -m pip install transformers        (into a virtual environment; made with 5.23.0, tokenizers 0.23.3)
    python3 make_fixtures.py

standardise.json   lines and OpenAI's standardisation of them: its regular expressions, run by Python
tokenizer.json     a text, the merges that a naive learner with subword-nmt's rule finds in it, the vocabulary, and the ids that
                   Hugging Face's OpenAIGPTTokenizerFast gives for standardised lines
"""
import collections, json, os, random, re
from transformers import OpenAIGPTTokenizerFast

here = os.path.dirname(os.path.abspath(__file__))


def standardise(text):
    """openai/finetune-transformer-lm, text_utils.py, text_standardize (MIT), with U+2015 and U+00B4 as published."""
    for a, b in (("\u2014", "-"), ("\u2013", "-"), ("\u2015", "-"), ("\u2026", "..."), ("\u00b4", "'")):
        text = text.replace(a, b)
    text = re.sub(r"(-+|~+|!+|\"+|;+|\?+|\++|,+|\)+|\(+|\\+|\/+|\*+|\[+|\]+|}+|{+|\|+|_+)", r" \1 ", text)
    text = re.sub(r"\s*\n\s*", " \n ", text)
    text = re.sub(r"[^\S\n]+", " ", text)
    return text.strip()


tricky = [
    "", " ", "\n", " \n\t ", "a", " a ", "a--b", "a - - b", "--", "a\u2014-\u2013b", "\u2015", "wait\u2026what", "?!?!", "??!!",
    "rock\u00b4n\u00b4roll", "one\ntwo", "one \n \n two", "one\r\ntwo\r", "x,\ny", "\n,", ",\n", "a,b;c", "\\//\\", "{[(x)]}",
    "tab\there", "\x0bvertical\x0cfeed", "\x1cfile\x1dgroup\x1erecord\x1funit", "next\u0085line", "no\u00a0break",
    "\u1680ogham\u2000en\u200ahair\u2028line\u2029paragraph\u202fnarrow\u205fmath\u3000wide", "zero\u200bwidth",
    "\u180enot white", "\"quoted\" 'single'", "a_b__c", "1+1=2", "~tilde~~", "pipe||pipe|", "don't", "e.g. this", "end.",
    "caf\u00e9 \u6f22\u5b57 \U0001f600!", "a\n-\nb", "-\n-", "...\u2026...", "*bold* **strong**",
]
generator = random.Random(20181106)
signs = list("-~!\";?+,)(\\/*[]}{|_ \n\t\r\x1c\u0085\u00a0\u2003\u2028\u2014\u2013\u2015\u2026\u00b4ab\u00e9.'\u6f22\U0001f600")
tricky += ["".join(generator.choice(signs) for _ in range(generator.randint(5, 40))) for _ in range(100)]
with open(os.path.join(here, "..", "..", "WordsTests", "Fixtures", "standardise.json"), "w", encoding="utf-8") as file:
    json.dump([{"text": t, "expected": standardise(t)} for t in tricky], file, indent=0)

text = """It is a truth universally acknowledged, that a single man in possession of a good fortune, must be in want of a wife.
However little known the feelings or views of such a man may be on his first entering a neighbourhood, this truth is so well
fixed in the minds of the surrounding families, that he is considered as the rightful property of some one or other of their
daughters. "My dear Mr. Bennet," said his lady to him one day, "have you heard that Netherfield Park is let at last?"
Mr. Bennet replied that he had not. "But it is," returned she; "for Mrs. Long has just been here, and she told me all about it."
Mr. Bennet made no answer. "Do you not want to know who has taken it?" cried his wife impatiently. "You want to tell me, and I
have no objection to hearing it." This was invitation enough. Na\u00efve caf\u00e9s; \u03a3\u03bf\u03c6\u03af\u03b1! bananabanana aaaa aaaaa
"""
vocabulary = {"<unk>": 0}
splitter = OpenAIGPTTokenizerFast(vocab=vocabulary, merges=[]).backend_tokenizer


def words(line):
    return [w for w, _ in splitter.pre_tokenizer.pre_tokenize_str(splitter.normalizer.normalize_str(line))]


counts = collections.Counter(w for line in standardise(text).split("\n") for w in words(line))
characters = sorted({c for w in counts for c in w})
pieces = ["<unk>"] + characters + [c + "</w>" for c in characters]
splits = {tuple(w[:-1]) + (w[-1] + "</w>",): n for w, n in counts.items()}
merges = []
while True:
    pairs = collections.Counter()
    for parts, n in splits.items():
        for pair in zip(parts, parts[1:]): pairs[pair] += n
    best = max(pairs, key=lambda pair: (pairs[pair], pair))
    if pairs[best] < 2: break
    merges.append(best)
    if best[0] + best[1] not in pieces: pieces.append(best[0] + best[1])
    merged = collections.Counter()
    for parts, n in splits.items():
        result, i = [], 0
        while i < len(parts):
            take = 2 if parts[i:i + 2] == best else 1
            result.append("".join(parts[i:i + take])); i += take
        merged[tuple(result)] += n
    splits = merged
pieces.append("\n</w>")
tokenizer = OpenAIGPTTokenizerFast(vocab={p: i for i, p in enumerate(pieces)}, merges=merges)
lines = [standardise(line) for line in tricky if "\n" not in standardise(line)] + [
    "The neighbourhood of NETHERFIELD; surroundingly acknowledged!", "aaaaaaa banana bananabananabanana", "na\u0308ive \u03a3\u039f\u03a6\u038a\u0391\u03a3",
    "unacknowledgedneighbourhoodpossession", "\ufb01ne \u212bngstr\u00f6m \u00bd \ud55c\uae00 \u0130stanbul", "$5 <tag> a^b `tick` \u00abquoted\u00bb \u3002",
    "\ufeffmark soft\u00adhyphen \ue000private", "\u6f22\u5b57kanji\u3042", "\u037e \u2260 \u1fef",
]
encoded = [{"text": l, "ids": ids, "decoded": tokenizer.backend_tokenizer.decode(ids, skip_special_tokens=False)}
           for l, ids in zip(lines, tokenizer(lines)["input_ids"])]
with open(os.path.join(here, "tokenizer.json"), "w", encoding="utf-8") as file:
    json.dump({"text": text, "merges": [" ".join(m) for m in merges], "pieces": pieces, "lines": encoded}, file, indent=0)
print(len(tricky), "lines;", len(merges), "merges,", len(pieces), "pieces,", len(encoded), "encoded lines")
