#!/usr/bin/env python3
"""Measure a training step of GPT-1 in PyTorch, to compare with gpt1-dist: forward, backward, clipping, fused AdamW.

    python3 pytorch_step.py --preset gpt1 --threads 2
    torchrun --nproc_per_node 2 pytorch_step.py --preset gpt1 --threads 1        data-parallel over gloo

The arithmetic is that of gpt1-dist: post-norm blocks, GELU in its tanh form, output tied to the token embedding, dropout on the
embedding sum, the attention probabilities and both residuals. Attention is PyTorch's own fused one. Random tokens: the time of a
step does not depend on them. Prints one JSON object; with several processes rank 0 does.
"""

import argparse
import json
import os
import resource
import statistics
import time

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import nn

# Of a rank: `gpt1` is the paper's model with 2,048 tokens, `mini` is gpt1-dist's preset of that name over 8,000 merges.
PRESETS = {
    "gpt1": dict(width=768, layers=12, heads=12, context=512, vocabulary=40_478, batch=4),
    "mini": dict(width=128, layers=4, heads=4, context=128, vocabulary=8_108, batch=4),
}


class Block(nn.Module):
    """n = LN(x + attention(x)), y = LN(n + mlp(n))."""

    def __init__(self, width, heads, dropout):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.attention = nn.Linear(width, 3 * width)
        self.attention_output = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width)
        self.mlp_input = nn.Linear(width, 4 * width)
        self.mlp_output = nn.Linear(4 * width, width)
        self.norm2 = nn.LayerNorm(width)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
            for part in self.attention(x).split(width, dim=2)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=self.dropout)
        y = self.attention_output(y.transpose(1, 2).reshape(batch, length, width))
        n = self.norm1(x + F.dropout(y, self.dropout))
        m = self.mlp_output(F.gelu(self.mlp_input(n), approximate="tanh"))
        return self.norm2(n + F.dropout(m, self.dropout))


class GPT1(nn.Module):
    """Token and position embedding, blocks, tied output; returns the mean loss."""

    def __init__(self, options):
        super().__init__()
        self.dropout = options.dropout
        self.tokens = nn.Embedding(options.vocabulary, options.width)
        self.positions = nn.Embedding(options.context, options.width)
        self.blocks = nn.ModuleList(
            Block(options.width, options.heads, options.dropout) for _ in range(options.layers)
        )
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, 0, 0.02)

    def forward(self, tokens, targets):
        x = self.tokens(tokens) + self.positions.weight[: tokens.shape[1]]
        x = F.dropout(x, self.dropout)
        for block in self.blocks:
            x = block(x)
        logits = x @ self.tokens.weight.t()
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=PRESETS, default="gpt1")
    for name in PRESETS["gpt1"]:
        parser.add_argument(f"--{name}", type=int, help="instead of the preset's")
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--compile", action="store_true", help="torch.compile the model")
    parser.add_argument("--threads", type=int, default=0, help="of a process; 0 for PyTorch's own choice")
    parser.add_argument("--steps", type=int, default=4, help="steps that are measured")
    parser.add_argument("--warm-up", type=int, default=2, help="steps before them")
    options = parser.parse_args()
    for name, value in PRESETS[options.preset].items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    for name in [*PRESETS["gpt1"], "steps", "warm_up"]:
        if getattr(options, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    if options.width % options.heads:
        parser.error("--heads must divide --width")
    return options


def main():
    options = parse()
    if options.threads:
        torch.set_num_threads(options.threads)
    ranks, rank = 1, 0
    if "RANK" in os.environ:
        dist.init_process_group("gloo")
        ranks, rank = dist.get_world_size(), dist.get_rank()
    torch.manual_seed(rank)
    net = GPT1(options)
    model = torch.compile(net) if options.compile else net
    if ranks > 1:
        model = nn.parallel.DistributedDataParallel(model)
    optimizer = torch.optim.AdamW(net.parameters(), lr=2.5e-4, weight_decay=0.01, fused=True)
    shape = (options.batch, options.context)
    tokens, targets = (torch.randint(options.vocabulary, shape) for _ in range(2))

    def step():
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=options.precision == "bf16"):
            loss = model(tokens, targets)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return time.perf_counter() - start, loss.item()

    for _ in range(options.warm_up):
        step()
    steps = [step() for _ in range(options.steps)]
    median = statistics.median(seconds for seconds, _ in steps)
    if rank == 0:
        result = {name: getattr(options, name) for name in PRESETS["gpt1"]}
        result |= {
            "preset": options.preset,
            "precision": options.precision,
            "compile": options.compile,
            "ranks": ranks,
            "threads": torch.get_num_threads(),
            "parameters": sum(parameter.numel() for parameter in net.parameters()),
            "secondsMedian": median,
            "tokensPerSecond": options.batch * options.context * ranks / median,
            "loss": steps[-1][1],
            "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            "torch": torch.__version__,
        }
        print(json.dumps(result), flush=True)
    if ranks > 1:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
