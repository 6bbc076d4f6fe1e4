#!/usr/bin/env python3
"""Numbers for fine-tuning to agree with: GPT-1 and its four kinds of task, written from the paper (Radford et al. 2018, §3).

    python3 -m venv venv && venv/bin/pip install torch transformers safetensors
    venv/bin/python Tests/ModelTests/Fixtures/make_task_fixtures.py     rewrites every folder task-* beside this file

Every sequence goes forward alone, so that there is no padding. Weights are float32; everything that follows from them is
computed in float64. Dropout is 0. Each folder holds
    model.safetensors, config.json   as save_pretrained of OpenAIGPTForSequenceClassification writes them; the logits here are
                                     compared with that class's before anything is written
    task.json                        how sequences are combined, λ, and of each example: sequences of token ids, probabilities
                                     to be learned, logits and cross-entropy; the loss L2 + λ L1 of all
    gradients.safetensors            of that loss, under the names of model.safetensors, rounded to float32
"""
import json
import math
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy, layer_norm
from transformers import OpenAIGPTConfig, OpenAIGPTForSequenceClassification

HERE = Path(__file__).resolve().parent
LAYERS, HEADS, WIDTH, CONTEXT, WORDS = 2, 2, 16, 16, 40
START, DELIMITER, END = WORDS, WORDS + 1, WORDS + 2
LAMBDA = 0.5


def final_activations(w, tokens):
    """(T, C), equation 2: post-norm blocks of masked self-attention and a feed-forward layer."""
    def linear(name, x):
        return x @ w[f"{name}.weight"] + w[f"{name}.bias"]

    def norm(name, x):
        return layer_norm(x, [WIDTH], w[f"{name}.weight"], w[f"{name}.bias"], 1e-5)

    def gelu(x):
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

    length = len(tokens)
    future = torch.ones(length, length).triu(1).bool()
    x = w["transformer.tokens_embed.weight"][tokens] + w["transformer.positions_embed.weight"][:length]
    for layer in range(LAYERS):
        block = f"transformer.h.{layer}"
        q, k, v = (part.unflatten(1, (HEADS, -1)).transpose(0, 1)
                   for part in linear(f"{block}.attn.c_attn", x).chunk(3, 1))
        scores = (q @ k.mT / math.sqrt(WIDTH // HEADS)).masked_fill(future, -math.inf)
        attended = (scores.softmax(-1) @ v).transpose(0, 1).flatten(1)
        n = norm(f"{block}.ln_1", x + linear(f"{block}.attn.c_proj", attended))
        x = norm(f"{block}.ln_2", n + linear(f"{block}.mlp.c_proj", gelu(linear(f"{block}.mlp.c_fc", n))))
    return x


def task_logits(w, sequences, combination):
    """Equations 3 and 4 and section 3.3, from the activations of the end tokens."""
    ends = torch.stack([final_activations(w, tokens)[-1] for tokens in sequences])
    if combination == "added":
        return w["score.weight"] @ ends.sum(0)
    return ends @ w["score.weight"][0]


def language_loss(w, tokens):
    """Mean over the tokens that a sequence predicts (equation 1, averaged as in OpenAI's train.py)."""
    logits = final_activations(w, tokens)[:-1] @ w["transformer.tokens_embed.weight"].T
    return cross_entropy(logits, tokens[1:])


def words(count):
    return torch.randint(0, WORDS, (count,)).tolist()


def joined(*parts):
    inner = [token for part in parts for token in [DELIMITER, *part]][1:]
    return [START, *inner, END]


def classification():
    return [([joined(words(n))], [1.0 - c, float(c)]) for n, c in [(5, 1), (1, 0), (14, 1), (8, 0), (3, 1)]]


def entailment():
    lengths = [(4, 3, 2), (1, 1, 0), (9, 4, 1), (2, 7, 2)]
    return [([joined(words(a), words(b))], [float(c == label) for c in range(3)]) for a, b, label in lengths]


def similarity():
    """Six classes, and two examples whose score lies between two of them (STS-B)."""
    examples = []
    for a, b, score in [(3, 4, 3.4), (1, 2, 0), (7, 6, 5), (2, 5, 1.75)]:
        first, second = words(a), words(b)
        target = [max(0.0, 1 - abs(c - score)) for c in range(6)]
        examples.append(([joined(first, second), joined(second, first)], target))
    return examples


def multiple_choice():
    examples = []
    for context, answers, right in [(4, (2, 5), 1), (6, (1, 3, 2, 7), 2), (1, (4, 1, 1), 0)]:
        text = words(context)
        sequences = [joined(text, words(n)) for n in answers]
        examples.append((sequences, [float(k == right) for k in range(len(answers))]))
    return examples


# name: seed, examples, outputs of the linear layer
TASKS = {
    "classification": (11, classification, 2),
    "entailment": (12, entailment, 3),
    "similarity": (13, similarity, 6),
    "multiple-choice": (14, multiple_choice, 1),
}


def make(name, seed, make_examples, outputs):
    torch.manual_seed(seed)
    combination = "alternatives" if name == "multiple-choice" else "added"
    examples = make_examples()
    model = OpenAIGPTForSequenceClassification(OpenAIGPTConfig(
        vocab_size=WORDS + 3, n_positions=CONTEXT, n_embd=WIDTH, n_layer=LAYERS, n_head=HEADS, num_labels=outputs,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, initializer_range=0.1)).eval()
    with torch.no_grad():  # gains and biases move too: a swapped pair must show
        for p in model.parameters():
            p.add_(0.2 * torch.randn_like(p))
    folder = HERE / f"task-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    model.double()

    w = {key: p.detach().clone().requires_grad_() for key, p in model.named_parameters()}
    rows, total = [], 0
    for sequences, target in examples:
        tokens = [torch.tensor(sequence) for sequence in sequences]
        logits = task_logits(w, tokens, combination)
        with torch.no_grad():
            theirs = torch.cat([model(input_ids=t[None]).logits for t in tokens])
            theirs = theirs.sum(0) if combination == "added" else theirs[:, 0]
            torch.testing.assert_close(logits, theirs, rtol=1e-10, atol=1e-10)
        loss = cross_entropy(logits, torch.tensor(target, dtype=torch.float64))
        language = sum(language_loss(w, t) for t in tokens) / len(tokens)
        total = total + (loss + LAMBDA * language) / len(examples)
        rows.append({"sequences": sequences, "target": target, "logits": logits.tolist(), "loss": loss.item()})
    total.backward()
    (folder / "task.json").write_text(json.dumps({
        "combination": combination, "lambda": LAMBDA, "loss": total.item(), "examples": rows}) + "\n")
    save_file({key: p.grad.float().contiguous() for key, p in w.items()}, folder / "gradients.safetensors")
    print(f"{name}: loss {total.item():.4f}")


if __name__ == "__main__":
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    for name, task in TASKS.items():
        make(name, *task)
