#!/usr/bin/env python3
"""Numbers to agree with: Hugging Face's OpenAIGPTLMHeadModel on small random configurations, dropout 0.

    python3 -m venv venv && venv/bin/pip install torch transformers safetensors
    venv/bin/python Tests/ModelTests/Fixtures/make_fixtures.py          rewrites every folder beside this file

Weights are float32; everything that follows from them is computed in float64, so that a disagreement is ours.
Each folder holds
    model.safetensors, config.json   as save_pretrained writes them
    tokens.json                      batch x length token ids
    logits.safetensors               logits (batch, length, vocabulary), rounded to float32
    gradients.safetensors            of the mean next-token loss, under Hugging Face's names, rounded to float32
    loss.json                        that loss: logits[:, :-1] against tokens[:, 1:]
    trajectory.json                  loss and global gradient norm before each of 10 updates on that one batch by
                                     OpenAI's Adam (finetune-transformer-lm, opt.py), with its settings
fixtures.json beside them names the versions that made them.
"""
import json
import math
import platform
import shutil
from pathlib import Path

import safetensors
import torch
import transformers
from safetensors.torch import save_file
from transformers import OpenAIGPTConfig, OpenAIGPTLMHeadModel

HERE = Path(__file__).resolve().parent
UPDATES = 10
BETA1, BETA2, EPSILON, WEIGHT_DECAY = 0.9, 0.999, 1e-8, 0.01

# name: shape, then what differs in the optimizer
FIXTURES = {
    "even": dict(layers=2, heads=2, width=32, context=16, vocabulary=97, batch=3, length=16),
    "odd": dict(layers=1, heads=3, width=21, context=7, vocabulary=53, batch=2, length=7, warmup=3),
    "short": dict(layers=3, heads=4, width=40, context=33, vocabulary=131, batch=1, length=29, clip=1.0),
    "one-head": dict(layers=2, heads=1, width=10, context=5, vocabulary=19, batch=4, length=5, warmup=4, clip=1.0),
}


def warmup_cosine(x, warmup):
    """The factor on the learning rate at the fraction x of the updates; opt.py's warmup_cosine."""
    return x / warmup if x <= warmup else 0.5 * (1 + math.cos(math.pi * x))


def mean_loss(model, tokens):
    logits = model(tokens).logits
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    return logits, loss


def trajectory(model, tokens, learning_rate, warmup, clip):
    """Ten updates of OpenAI's Adam: the weight decay stands inside the bias-corrected rate, on tensors of rank > 1."""
    moments = {name: (torch.zeros_like(p), torch.zeros_like(p)) for name, p in model.named_parameters()}
    losses, norms, factors = [], [], []
    for t in range(1, UPDATES + 1):
        model.zero_grad()
        _, loss = mean_loss(model, tokens)
        loss.backward()
        norm = math.sqrt(sum(p.grad.square().sum().item() for p in model.parameters()))
        scale = clip / norm if clip and norm > clip else 1.0
        factor = warmup_cosine((t - 1) / UPDATES, warmup / UPDATES) if warmup else 1.0
        losses.append(loss.item())
        norms.append(norm)
        factors.append(factor)
        rate = learning_rate * factor * math.sqrt(1 - BETA2**t) / (1 - BETA1**t)
        with torch.no_grad():
            for name, p in model.named_parameters():
                m, v = moments[name]
                gradient = p.grad * scale
                m.mul_(BETA1).add_(gradient, alpha=1 - BETA1)
                v.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
                decay = WEIGHT_DECAY if p.dim() > 1 else 0.0
                p.sub_(rate * (m / (v.sqrt() + EPSILON) + decay * p))
    return {
        "updates": UPDATES,
        "learningRate": learning_rate,
        "beta1": BETA1,
        "beta2": BETA2,
        "epsilon": EPSILON,
        "weightDecay": WEIGHT_DECAY,
        "clipNorm": clip,
        "schedule": "warmup-cosine" if warmup else "constant",
        "warmupUpdates": warmup,
        "scheduleFactors": factors,
        "losses": losses,
        "gradientNorms": norms,
    }


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n")


def write_tensors(path, tensors):
    save_file({name: t.detach().float().contiguous() for name, t in tensors.items()}, path)


def make(name, seed, layers, heads, width, context, vocabulary, batch, length, warmup=0, clip=None):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    torch.manual_seed(seed)
    config = OpenAIGPTConfig(
        vocab_size=vocabulary, n_positions=context, n_embd=width, n_layer=layers, n_head=heads,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, initializer_range=0.1)
    model = OpenAIGPTLMHeadModel(config).train()
    with torch.no_grad():  # gains and biases move too: a swapped pair must show
        for p in model.parameters():
            p.add_(0.1 * torch.randn_like(p))
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)

    tokens = torch.randint(0, vocabulary, (batch, length))
    (folder / "tokens.json").write_text(json.dumps(tokens.tolist()) + "\n")
    model.double()
    logits, loss = mean_loss(model, tokens)
    loss.backward()
    write_json(folder / "loss.json", {"loss": loss.item()})
    write_tensors(folder / "logits.safetensors", {"logits": logits})
    write_tensors(folder / "gradients.safetensors", {n: p.grad for n, p in model.named_parameters()})
    result = trajectory(model, tokens, learning_rate=2e-3, warmup=warmup, clip=clip)
    write_json(folder / "trajectory.json", result)
    print(f"{name}: loss {result['losses'][0]:.4f} -> {result['losses'][-1]:.4f}, "
          f"gradient norm {result['gradientNorms'][0]:.2f} -> {result['gradientNorms'][-1]:.2f}")


def main():
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    for seed, (name, settings) in enumerate(FIXTURES.items(), start=1):
        make(name, seed, **settings)
    write_json(HERE / "fixtures.json", {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "safetensors": safetensors.__version__,
        "fixtures": FIXTURES,
    })


if __name__ == "__main__":
    main()
