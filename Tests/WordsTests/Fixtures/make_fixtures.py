"""Makes words.jsonl beside itself from texts.jsonl: the words that GPT-1's own way from text to words gives.

    python3 -m pip install spacy==3.8.* ftfy==6.3.1 regex         (into a virtual environment; made with spaCy 3.8.18)
    python3 -m pip download spacy==2.0.11 --no-binary :all: --no-deps --no-build-isolation && tar xzf spacy-2.0.11.tar.gz
    python3 make_fixtures.py spacy-2.0.11

texts.jsonl   a text per line: one for each kind of rule, damaged text, random pieces; and lines of novels to 1911 and of Shakespeare's
              plays, which are in the public domain
words.jsonl   for each of them the text after ftfy and OpenAI's standardisation, the words by spaCy 3.8 ("current"), and those by the rules
              of spaCy 2.0 ("2018") if they differ
"""
import json, os, re, sys
import ftfy, spacy
from spacy20 import Tokenizer20

here = os.path.dirname(os.path.abspath(__file__))
current = spacy.blank("en").tokenizer
old = Tokenizer20(sys.argv[1])


def standardise(text):
    """openai/finetune-transformer-lm, text_utils.py, text_standardize (MIT), with U+2015 and U+00B4 as published."""
    for a, b in (("\u2014", "-"), ("\u2013", "-"), ("\u2015", "-"), ("\u2026", "..."), ("\u00b4", "'")):
        text = text.replace(a, b)
    text = re.sub(r"(-+|~+|!+|\"+|;+|\?+|\++|,+|\)+|\(+|\\+|\/+|\*+|\[+|\]+|}+|{+|\|+|_+)", r" \1 ", text)
    text = re.sub(r"\s*\n\s*", " \n ", text)
    text = re.sub(r"[^\S\n]+", " ", text)
    return text.strip()


def lowered(words):
    """The words as GPT-1 looked them up. spaCy leaves the space after a line break in its word; OpenAI's encoder drops it."""
    return ["\n" if word == "\n " else word.lower() for word in words]


count = 0
with open(os.path.join(here, "texts.jsonl"), encoding="utf-8") as texts, \
        open(os.path.join(here, "words.jsonl"), "w", encoding="utf-8") as file:
    for line in texts:
        text = json.loads(line)
        standard = standardise(ftfy.fix_text(text))
        case = {"standard": standard, "current": lowered(t.text for t in current(standard))}
        words = lowered(old(standard))
        if words != case["current"]:
            case["2018"] = words
            count += 1
        file.write(json.dumps(case) + "\n")
print(count, "texts differ between the editions")
