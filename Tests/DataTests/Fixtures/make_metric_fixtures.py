"""Makes metrics.json beside itself: what scikit-learn and scipy say of predictions and labels.

    python3 -m pip install scikit-learn scipy        (into a virtual environment; made with 1.9.1 and 1.17.1)
    python3 make_metric_fixtures.py

Each case has predictions, labels and the metrics: accuracy, f1 (of class 1) and matthews where both are classes, pearson and spearman
always. null is NaN; scipy refuses to correlate fewer than two values, which is null too.
"""
import json, math, os, random, warnings
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

warnings.filterwarnings("ignore")  # constant input and divisions by zero are what is asked about
generator = random.Random(20180611)


def correlation(function, predictions, labels):
    if len(labels) < 2: return None
    value = float(function(predictions, labels)[0])
    return None if math.isnan(value) else value


def case(predictions, labels):
    metrics = {}
    if all(isinstance(value, int) for value in predictions + labels):
        metrics["accuracy"] = float(accuracy_score(labels, predictions))
        metrics["f1"] = float(f1_score(labels, predictions, labels=[1], average="macro", zero_division=0))
        metrics["matthews"] = float(matthews_corrcoef(labels, predictions))
    metrics["pearson"] = correlation(pearsonr, predictions, labels)
    metrics["spearman"] = correlation(spearmanr, predictions, labels)
    return {"predictions": predictions, "labels": labels, "metrics": metrics}


def classes(count, n, right):
    """n labels below count, and predictions of which about the fraction right is right."""
    labels = [generator.randrange(count) for _ in range(n)]
    return [y if generator.random() < right else generator.randrange(count) for y in labels], labels


def scores(n, noise, step):
    """n labels from 0 to 5 and predictions beside them, both rounded to a multiple of step: ties where it is large."""
    labels = [round(round(generator.uniform(0, 5) / step) * step, 6) for _ in range(n)]
    return [round(round((y + generator.gauss(0, noise)) / step) * step, 6) for y in labels], labels


cases = [case(*pair) for pair in (
    ([1], [1]), ([0], [0]), ([0], [1]), ([1], [0]), ([2.5], [3.0]),
    ([0, 1], [0, 1]), ([0, 1], [1, 0]), ([1, 1], [0, 1]), ([0, 0], [0, 0]), ([1, 1], [1, 1]), ([0.5, 2.5], [1.0, 4.0]),
    ([0.5, 2.5], [4.0, 1.0]), ([0.5, 0.5], [1.0, 4.0]),
    ([1] * 10, [1] * 10), ([0] * 10, [0] * 10), ([1] * 10, [0] * 10), ([0, 1, 0, 1, 1], [1] * 5), ([0] * 5, [0, 1, 1, 0, 1]),
    ([2] * 6, [0, 1, 2, 0, 1, 2]), ([0, 2, 2, 0], [2, 0, 0, 2]),
    ([0.1] * 7, [1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 1.0]), ([1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 1.0], [0.3] * 7), ([0.1] * 3, [0.7] * 3),
    ([1.0, 2.0, 2.0, 2.0, 5.0], [5.0, 5.0, 3.0, 3.0, 1.0]), ([1e6 + 0.25, 1e6 + 0.5, 1e6 + 0.75], [0.1, 0.3, 0.2]),
)]
for count in (2, 3, 6):
    for n in (3, 20, 101):
        for right in (0, 0.5, 0.95):
            cases.append(case(*classes(count, n, right)))
for n in (3, 10, 60):
    for noise, step in ((0.3, 1e-4), (2, 1e-4), (1, 0.2), (1, 1.0)):
        cases.append(case(*scores(n, noise, step)))
for length in (40, 200):  # few of class 1, as a dev set can be
    cases.append(case([int(generator.random() < 0.1) for _ in range(length)], [int(generator.random() < 0.1) for _ in range(length)]))

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "metrics.json")
with open(path, "w", encoding="utf-8") as file:
    file.write("[\n" + ",\n".join(json.dumps(item) for item in cases) + "\n]\n")
print(len(cases), "cases")
