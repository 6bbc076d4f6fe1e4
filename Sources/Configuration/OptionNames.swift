import Files

/// Suggests our options and keys for the names that other programs use.
public enum OptionNames {
  /// The one of `names`, options without their dashes, that `word` was probably meant to be; nil if none is similar.
  public static func meant(by word: String, among names: [String]) -> String? {
    let word = plain(word)
    if names.contains(word) { return word }
    if let known = elsewhere[word]?.first(where: names.contains) { return known }
    return Nearest.name(to: word, among: names)
  }

  /// `learning-rate` for `--Learning_Rate`.
  private static func plain(_ word: String) -> String {
    String(word.lowercased().replacing("_", with: "-").drop { $0 == "-" })
  }

  /// Names in scripts of PyTorch, Hugging Face and nanoGPT, with our names; the first one that the command has is suggested.
  private static let elsewhere: [String: [String]] = [
    "lr": ["learning-rate"], "max-lr": ["learning-rate"], "eta": ["learning-rate"],
    "epoch": ["epochs", "steps"], "epochs": ["epochs", "steps"], "num-epochs": ["epochs", "steps"],
    "num-train-epochs": ["epochs", "steps"], "max-epochs": ["epochs", "steps"],
    "max-steps": ["steps", "epochs"], "num-steps": ["steps", "epochs"], "total-steps": ["steps"],
    "train-steps": ["steps"], "iters": ["steps"], "max-iters": ["steps"], "iterations": ["steps"],
    "updates": ["steps"], "steps": ["steps", "epochs"],
    "bs": ["batch"], "batch-size": ["batch"], "global-batch-size": ["batch"],
    "train-batch-size": ["batch"], "mbs": ["micro-batch"], "micro-batch-size": ["micro-batch"],
    "per-device-train-batch-size": ["micro-batch"], "leaf": ["micro-batch"],
    "warmup": ["warm-up", "warm-up-fraction"], "warm-up": ["warm-up", "warm-up-fraction"],
    "warmup-steps": ["warm-up", "warm-up-fraction"], "num-warmup-steps": ["warm-up"],
    "warmup-iters": ["warm-up"], "warmup-ratio": ["warm-up-fraction", "warm-up"],
    "warmup-fraction": ["warm-up-fraction", "warm-up"],
    "seq-len": ["context"], "seq-length": ["context"], "sequence-length": ["context"],
    "max-length": ["context", "tokens"], "max-seq-length": ["context"], "block-size": ["context"],
    "context-length": ["context"], "n-ctx": ["context"], "n-positions": ["context"],
    "hidden-size": ["width"], "n-embd": ["width"], "d-model": ["width"], "dim": ["width"],
    "n-layer": ["layers"], "n-layers": ["layers"], "num-layers": ["layers"], "blocks": ["layers"],
    "depth": ["layers"], "num-hidden-layers": ["layers"],
    "n-head": ["heads"], "n-heads": ["heads"], "num-heads": ["heads"],
    "num-attention-heads": ["heads"],
    "vocab-size": ["vocabulary", "train-bpe"], "vocab": ["vocabulary", "tokenizer"],
    "wd": ["weight-decay"], "decay": ["weight-decay"],
    "grad-clip": ["clip"], "max-grad-norm": ["clip"], "clip-norm": ["clip"],
    "gradient-clip-val": ["clip"],
    "dtype": ["precision"], "bf16": ["precision"], "fp16": ["precision"], "amp": ["precision"],
    "output": ["out", "predictions"], "output-dir": ["out"], "out-dir": ["out"],
    "save-dir": ["out"], "o": ["out"], "run": ["out"], "run-dir": ["out"],
    "input": ["input", "data", "text-file"], "dataset": ["data"], "data-dir": ["data"],
    "corpus": ["data", "input"], "train-file": ["data", "input"], "file": ["text-file", "input"],
    "save-every": ["checkpoint-every"], "save-steps": ["checkpoint-every"],
    "save-interval": ["checkpoint-every"], "checkpoint-interval": ["checkpoint-every"],
    "save-total-limit": ["keep"],
    "eval-every": ["evaluate-every"], "eval-steps": ["evaluate-every"],
    "eval-interval": ["evaluate-every"], "eval-iters": ["evaluate-sequences"],
    "lr-schedule": ["schedule"], "scheduler": ["schedule"], "lr-scheduler": ["schedule"],
    "lr-scheduler-type": ["schedule"],
    "random-seed": ["seed"], "num-threads": ["threads"], "n-threads": ["threads"],
    "workers": ["threads"], "num-workers": ["threads"], "cpus": ["threads"],
    "gradient-checkpointing": ["recompute"], "activation-checkpointing": ["recompute"],
    "model": ["model", "from"], "checkpoint": ["from", "model", "resume"],
    "init-from": ["from"], "pretrained": ["from"], "model-name-or-path": ["from", "model"],
    "resume-from": ["resume"], "resume-from-checkpoint": ["resume"], "restart": ["resume"],
    "task-name": ["task"], "lambda": ["lm-coefficient"], "lm-coef": ["lm-coefficient"],
    "max-train-samples": ["examples"], "limit": ["examples"],
    "n-transfer": ["transfer-layers"], "tokenizer-name": ["tokenizer"],
    "max-new-tokens": ["tokens"], "max-tokens": ["tokens"], "temp": ["temperature"],
    "vocab-file": ["tokenizer"], "bpe": ["train-bpe"], "yaml": ["config"],
    "config-file": ["config"], "timeout": ["stall-timeout"],
  ]
}
