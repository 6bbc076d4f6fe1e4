"""The plots of cluster/study as SVG."""

import statistics

COLORS = ["#1f5fa8", "#e0a030", "#9a9a9a"]
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">'


def _save(path, width, height, parts):
    lines = [HEAD.format(width=width, height=height), f'<rect width="{width}" height="{height}" fill="white"/>', *parts, "</svg>"]
    path.write_text("\n".join(lines) + "\n")


def bars(results, metrics, ways, path):
    """Draw medians as bars and seeds as dots from `results[task][way]["values"]`, with the metric below each task."""
    width, height, left, bottom = 760, 340, 45, 45
    values = [v for task in results.values() for way in ways for v in task[way]["values"]]
    low = min(0.0, min(values) // 0.1 * 0.1)
    y = lambda v: 20 + (1 - v) / (1 - low) * (height - bottom - 20)
    parts = []
    for tenth in range(round(low * 10), 11, 2):
        parts.append(f'<path d="M{left} {y(tenth / 10):.1f}H{width - 10}" stroke="#ddd"/>'
                     f'<text x="{left - 6}" y="{y(tenth / 10) + 4:.1f}" text-anchor="end">{tenth * 10}</text>')
    group = (width - left - 10) / len(results)
    bar = group * 0.8 / len(ways)
    for index, (task, found) in enumerate(results.items()):
        start = left + index * group + group * 0.1
        for place, (way, color) in enumerate(zip(ways, COLORS)):
            values = found[way]["values"]
            top, base = sorted((y(statistics.median(values)), y(0)))
            x = start + place * bar
            parts.append(f'<rect x="{x:.1f}" y="{top:.1f}" width="{bar * 0.9:.1f}" height="{base - top:.1f}" fill="{color}"/>')
            for value in values:
                parts.append(f'<circle cx="{x + bar * 0.45:.1f}" cy="{y(value):.1f}" r="2.5" fill="black"/>')
        parts.append(f'<text x="{start + group * 0.4:.1f}" y="{height - 26}" text-anchor="middle">{task}</text>'
                     f'<text x="{start + group * 0.4:.1f}" y="{height - 12}" text-anchor="middle" fill="#666">{metrics[task]}</text>')
    for place, (way, color) in enumerate(zip(ways, COLORS)):
        x = left + 10 + place * 120
        parts.append(f'<rect x="{x}" y="4" width="12" height="12" fill="{color}"/><text x="{x + 18}" y="14">{way}</text>')
    _save(path, width, height, parts)


def line(points, caption, grid, path):
    """Draw a line through the medians of (x, values), and the values as dots; `grid` is the distance of the horizontal lines."""
    width, height, left, bottom = 760, 280, 45, 40
    values = [value for _, found in points for value in found]
    low, high = min(values) // grid * grid, max(values) // grid * grid + grid
    first, last = points[0][0], points[-1][0]
    x = lambda at: left + 15 + (at - first) / (last - first) * (width - left - 50)
    y = lambda v: 15 + (high - v) / (high - low) * (height - bottom - 15)
    parts = []
    for index in range(round((high - low) / grid) + 1):
        at = low + index * grid
        parts.append(f'<path d="M{left} {y(at):.1f}H{width - 20}" stroke="#ddd"/>'
                     f'<text x="{left - 6}" y="{y(at) + 4:.1f}" text-anchor="end">{round(at, 4):g}</text>')
    for at, found in points:
        parts.append(f'<text x="{x(at):.1f}" y="{height - 22}" text-anchor="middle">{at:,}</text>')
        parts.extend(f'<circle cx="{x(at):.1f}" cy="{y(value):.1f}" r="2.5" fill="black"/>' for value in found)
    parts.append(f'<text x="{width / 2}" y="{height - 5}" text-anchor="middle">{caption}</text>')
    medians = " ".join(f"{x(at):.1f},{y(statistics.median(found)):.1f}" for at, found in points)
    parts.append(f'<polyline points="{medians}" fill="none" stroke="{COLORS[0]}" stroke-width="2"/>')
    _save(path, width, height, parts)
