#!/usr/bin/env python3
"""Measure fine-tuning steps of Hugging Face's GPT-1 with its Trainer, to compare with gpt1-dist.

    python3 trainer_step.py --task sst2 --data SST-2 --tokenizer FOLDER --select PART --steps 6
    python3 trainer_step.py --task sst2 --data PART --tokenizer FOLDER --threads 2
    torchrun --nproc_per_node 2 trainer_step.py --task sst2 --data PART --tokenizer FOLDER --threads 1        data-parallel over gloo

The first command writes a part of the training examples into PART: the batches that the Trainer would form in a whole epoch when it groups
examples by length, of which every so many are taken. The others train two passes over a part, in its order, and measure the second. A short
run over few examples would group them worse than a whole epoch does, and pad more.

The model begins with random weights; the loss is the task's alone, since the Trainer has no auxiliary loss. Batches are padded to their
longest sequence. Other settings are the Trainer's defaults. Nothing is evaluated or saved. Prints one JSON object; with several processes
rank 0 does.
"""

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

import torch
import transformers
from transformers.trainer_pt_utils import LengthGroupedSampler

# The paper's model, and one as wide and deep as gpt1-dist's preset `mini`.
SHAPES = {
    "gpt1": dict(n_embd=768, n_layer=12, n_head=12, n_positions=512),
    "mini": dict(n_embd=128, n_layer=4, n_head=4, n_positions=512),
}
# Of each task: the columns of the texts, that of the label, and the labels.
TASKS = {
    "sst2": ([0], 1, ["0", "1"]),
    "rte": ([1, 2], 3, ["not_entailment", "entailment"]),
}
PADDING, START, DELIMITER, END = "<pad>", "<s>", "$$", "<e>"


class Clock(transformers.TrainerCallback):
    """Measures the time from the end of one step to the end of another, the loading of batches included."""

    def __init__(self, first, last):
        self.times = {first: None, last: None}

    def on_step_end(self, args, state, control, **_):
        if state.global_step in self.times:
            self.times[state.global_step] = time.perf_counter()

    @property
    def seconds(self):
        first, last = self.times.values()
        return last - first


def tokenizer(folder):
    tokenizer = transformers.OpenAIGPTTokenizerFast.from_pretrained(folder)
    tokenizer.add_special_tokens({"pad_token": PADDING, "bos_token": START, "sep_token": DELIMITER, "eos_token": END})
    return tokenizer


def read(task, folder):
    """The header of a task's training file, empty if there is none, and its examples as (line, text, label)."""
    texts, label, labels = TASKS[task]
    header, examples = "", []
    for line in (folder / "train.tsv").read_text(encoding="utf-8").split("\n"):
        fields = line.split("\t")
        if len(fields) > label and fields[label] in labels:
            text = START + DELIMITER.join(fields[column] for column in texts) + END
            examples.append((line, text, labels.index(fields[label])))
        elif not examples:
            header = line + "\n"
    return header, examples


def encode(tokenizer, texts):
    return [tokenizer(text, truncation=True, max_length=512)["input_ids"] for text in texts]


def select(options, tokens, header, examples):
    """Write some batches of a whole epoch as a task's folder.

    All full batches are ordered by their tokens and cut into as many parts as steps are wanted; the middle batch of each part is taken.
    """
    torch.manual_seed(options.seed)
    lengths = [len(sequence) for sequence in tokens]
    order = list(LengthGroupedSampler(options.batch, lengths=lengths))
    batches = [order[i : i + options.batch] for i in range(0, len(order) - options.batch + 1, options.batch)]
    if len(batches) < options.steps:
        raise SystemExit(f"{options.data} has {len(batches)} batches, fewer than the {options.steps} wanted")
    batches.sort(key=lambda batch: sum(lengths[index] for index in batch))
    chosen = [batches[(2 * step + 1) * len(batches) // (2 * options.steps)] for step in range(options.steps)]
    lines = [examples[index][0] + "\n" for batch in chosen for index in batch]
    options.select.mkdir(parents=True, exist_ok=True)
    (options.select / "train.tsv").write_text(header + "".join(lines), encoding="utf-8")
    # gpt1-dist measures the development split after each epoch: a few examples, for they are not part of the measurement.
    (options.select / "dev.tsv").write_text(header + "".join(lines[:8]), encoding="utf-8")
    return {
        "steps": options.steps,
        "meanTokens": sum(lengths[index] for batch in chosen for index in batch) / len(lines),
        "meanTokensOfAll": sum(lengths) / len(lengths),
    }


def train(options, tokenizer, tokens, examples):
    """Train two passes over the examples; return the figures of the second."""
    ranks = int(os.environ.get("WORLD_SIZE", 1))
    steps = len(examples) // options.batch
    if steps < 1 or options.batch % ranks:
        raise SystemExit(f"{options.data} must have at least --batch examples, and the ranks must divide --batch")
    model = transformers.OpenAIGPTForSequenceClassification(
        transformers.OpenAIGPTConfig(
            vocab_size=len(tokenizer), num_labels=2, pad_token_id=tokenizer.pad_token_id, **SHAPES[options.model]))
    data = [
        {"input_ids": sequence, "attention_mask": [1] * len(sequence), "labels": label}
        for sequence, (_, _, label) in zip(tokens, examples)
    ][: steps * options.batch]
    clock = Clock(steps, 2 * steps)
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder, per_device_train_batch_size=options.batch // ranks, num_train_epochs=2,
            train_sampling_strategy="sequential", learning_rate=6.25e-5, optim="adamw_torch_fused",
            bf16=options.precision == "bf16", use_cpu=True, seed=options.seed,
            report_to=[], save_strategy="no", logging_strategy="no", disable_tqdm=True)
        trainer = transformers.Trainer(
            model=model, args=arguments, train_dataset=data,
            data_collator=transformers.DataCollatorWithPadding(tokenizer), callbacks=[clock])
        # It would print to standard output, which is for the result.
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
    return {
        "ranks": ranks,
        "threads": torch.get_num_threads(),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "steps": steps,
        "examples": len(data),
        "tokens": sum(len(row["input_ids"]) for row in data),
        "seconds": clock.seconds,
        "examplesPerSecond": len(data) / clock.seconds,
        "peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=TASKS, required=True)
    parser.add_argument("--data", type=Path, required=True, help="the folder with the task's train.tsv")
    parser.add_argument("--tokenizer", required=True, help="a folder with vocab.json and merges.txt")
    parser.add_argument("--select", type=Path, metavar="FOLDER", help="train nothing; write batches of an epoch there")
    parser.add_argument("--steps", type=int, default=6, help="batches that --select writes (default: %(default)s)")
    parser.add_argument("--model", choices=SHAPES, default="gpt1")
    parser.add_argument("--batch", type=int, default=32, help="examples per step, over all ranks (default: %(default)s)")
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32")
    parser.add_argument("--threads", type=int, default=0, help="of a process; 0 for PyTorch's own choice")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.steps < 1 or options.batch < 1:
        parser.error("--steps and --batch must be at least 1")
    return options


def main():
    options = parse()
    if options.threads:
        torch.set_num_threads(options.threads)
    tokens_of = tokenizer(options.tokenizer)
    header, examples = read(options.task, options.data)
    tokens = encode(tokens_of, [text for _, text, _ in examples])
    if options.select:
        result = select(options, tokens, header, examples)
    else:
        result = train(options, tokens_of, tokens, examples)
    if int(os.environ.get("RANK", 0)) == 0:
        result |= {
            "task": options.task, "batch": options.batch, "torch": torch.__version__, "transformers": transformers.__version__}
        print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
