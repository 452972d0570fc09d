"""Flame graphs: one profile, or two drawn as one, in an HTML page that needs nothing else.

The geometry is computed here, the look and the page's own script are in flamegraph.html.j2. What
changed is attribution's finding, and comes in as an argument; the page carries it as data, too, so
that whoever is given the page alone can tell what it shows.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from pipeline_perf.bench.explain.attribution import NO_STAGE, Attribution, Owner
from pipeline_perf.bench.explain.profile import Frame, Profile, Stack, pooled
from pipeline_perf.bench.measure.results import part_of
from pipeline_perf.numbers import THIN, number

#: Narrower boxes than this share of the whole are left out: about a pixel.
NARROWEST = 0.001

#: A change of fewer standard errors is drawn as none: among several hundred boxes, some have two by
#: chance.
_QUIET = 3.0

#: Steps of colour on either side; the last one stands for the largest change of the graph.
STEPS = 4

#: Colours for stages; the smallest ones have none of their own.
HUES = 8

#: A module that is imported stands in the place of all that importing it calls.
IMPORT = "import"
_IMPORTING = "importlib."

#: Findings that the page lists; the graph shows them all.
_LISTED = 6

_FACTS = re.compile(r'<script type="application/json" id="facts">(.*?)</script>', re.DOTALL)


@dataclass(frozen=True)
class NamedFunction:
    """A function that changed, as the page carries it; shares and growth as in
    `attribution.Finding`.
    """

    name: str
    stage: str
    base_share: float
    subject_share: float
    growth: float
    low: float
    high: float


@dataclass(frozen=True)
class Facts:
    """What a flame graph's page says in words: of what it is, and which functions changed, the
    clearest change first.
    """

    unit: str
    verdict: str
    why: str
    named: tuple[NamedFunction, ...]


def page_of(pages: Path, run: str, workload: str) -> Path:
    """Where the flame graph of a comparison of a `workload` lies.

    In the folder `pages`, by the run that measured it.

    >>> page_of(Path("reports"), "20260301T020000000000Z-a1b2c3", "ingest.csv_1m").name
    '20260301T020000000000Z-a1b2c3-ingest_csv_1m.html'
    """
    return pages / f"{run}-{part_of(workload)}.html"


def facts(page: str) -> Facts | None:
    """The facts that a flame graph's page carries; None where it carries none."""
    match = _FACTS.search(page)
    if match is None:
        return None
    fields = json.loads(match[1])
    named = tuple(NamedFunction(**function) for function in fields["named"])
    return Facts(**{**fields, "named": named})


def _facts_of(unit: str, attribution: Attribution | None) -> Markup:
    named = tuple(
        NamedFunction(
            str(finding.frame),
            finding.stage,
            finding.base_share,
            finding.subject_share,
            finding.growth,
            finding.low,
            finding.high,
        )
        for finding in (attribution.named if attribution else ())
    )
    carried = Facts(
        unit,
        attribution.verdict if attribution else "",
        attribution.why if attribution else "",
        named,
    )
    # No text in it can end the element.
    return Markup(json.dumps(asdict(carried)).replace("<", "\\u003c"))


@dataclass
class _Node:
    """A frame under its callers, with its samples of both sides, the subject's brought to the
    base's level.
    """

    a: float = 0.0
    b: float = 0.0
    own_a: float = 0.0
    own_b: float = 0.0
    children: dict[Frame, _Node] = field(default_factory=dict)


@dataclass(frozen=True)
class Box:
    """One box of the graph.

    `after` and `before` are left edge and width, as shares of the graph's width.

    `growth` is the change with callees, `own_growth` without; both, and `own`, are shares of all
    that the base has. `tone` and `own_tone` are their colours: "r4" the largest growth, "n0" no
    more than chance.
    """

    frame: Frame
    depth: int
    after: tuple[float, float]
    before: tuple[float, float]
    own: tuple[float, float]
    growth: float
    own_growth: float
    tone: str = "n0"
    own_tone: str = "n0"
    stage: str = NO_STAGE


@dataclass(frozen=True)
class _Scale:
    """What the boxes of a graph are drawn by: its width, the base's whole, and the noise of a
    count (0: none).
    """

    width: float
    whole: float
    noise: float
    largest: float
    largest_own: float

    def tone(self, a: float, b: float, largest: float) -> str:
        difference = a - b
        if abs(difference) <= _QUIET * math.sqrt(self.noise * (a + b)) or not largest:
            return "n0"
        step = max(1, math.ceil(STEPS * abs(difference) / largest))
        return f"{'r' if difference > 0 else 'b'}{step}"


def flame_graph(
    subject: Sequence[Profile], base: Sequence[Profile], attribution: Attribution | None, title: str
) -> str:
    """The page for two sides, red for what has grown and blue for what has shrunk.

    `subject` and `base` are the profiles of either side, one a run. `attribution` is what is known
    of what changed between them; None for profiles of memory, which are drawn as they are. `title`
    names what was profiled. Returns the HTML. Raises ValueError where a side has nothing in it, or
    the units of the sides differ.
    """
    sides = pooled(subject), pooled(base)
    if not all(side.total for side in sides) or sides[0].unit != sides[1].unit:
        raise ValueError(
            "a flame graph compares two profiles of one unit, each with something in it: profile"
            " both sides alike"
        )
    root = _tree(*sides, attribution.level if attribution else 1.0)
    nodes = list(_nodes(root))
    scale = _Scale(
        max(root.a, root.b),
        root.b,
        attribution.spread if attribution else 0.0,
        max((abs(node.a - node.b) for node in nodes), default=0.0),
        max((abs(node.own_a - node.own_b) for node in nodes), default=0.0),
    )
    boxes = list(_boxes(root, 1, 0.0, 0.0, scale))
    return _rendered(
        title=title,
        attribution=attribution,
        named=attribution.named[:_LISTED] if attribution else (),
        stages={finding.frame: finding.stage for finding in attribution.functions}
        if attribution
        else {},
        first=attribution.named[0].frame if attribution and attribution.named else None,
        boxes=boxes,
        after_width=root.a / scale.width,
        before_width=root.b / scale.width,
        growth=root.a / root.b - 1,
        largest=scale.largest / root.b,
        largest_own=scale.largest_own / root.b,
        tones=[
            *(f"b{step}" for step in range(STEPS, 0, -1)),
            "n0",
            *(f"r{step}" for step in range(1, STEPS + 1)),
        ],
        sides=sides,
        facts=_facts_of(sides[0].unit, attribution),
        runs=(len(subject), len(base)),
        key={},
    )


def plain_flame_graph(profile: Profile, title: str, stages: Mapping[str, str]) -> str:
    """The page for one profile, coloured by stage.

    `stages` as in `attribution.attribute`; what is called by a stage works on its behalf. All that
    an import calls is one box, named after what is imported. Raises ValueError for an empty
    profile.
    """
    if not profile.total:
        raise ValueError("a flame graph needs a profile with something in it: profile again")
    folded: dict[Stack, int] = {}
    for stack, count in profile.stacks.items():
        short = _imports_folded(stack)
        folded[short] = folded.get(short, 0) + count
    owner = Owner(stages)
    sums: dict[str, int] = {}
    for stack, count in folded.items():
        stage = owner.stage(owner.path(stack)[-1]) if stack[-1].module != IMPORT else IMPORT
        sums[stage] = sums.get(stage, 0) + count
    largest = sorted((stage for stage in sums if stage), key=lambda stage: -sums[stage])
    tones = {stage: f"s{number}" for number, stage in enumerate(largest[:HUES])}
    root = _tree(replace(profile, stacks=folded), Profile({}, profile.unit, 0), 1.0)
    boxes = list(_plain_boxes(root, 1, 0.0, root.a, NO_STAGE, owner, tones))
    return _rendered(
        title=title,
        attribution=None,
        named=(),
        stages={box.frame: box.stage for box in boxes},
        first=None,
        boxes=boxes,
        after_width=1.0,
        before_width=0.0,
        growth=0.0,
        largest=0.0,
        largest_own=0.0,
        tones=["n0", *tones.values()],
        sides=(profile,),
        facts=_facts_of(profile.unit, None),
        runs=(1,),
        key={
            **{stage: (tone, sums[stage] / root.a) for stage, tone in tones.items()},
            "no stage": ("n0", 1 - sum(sums[stage] for stage in tones) / root.a),
        },
    )


def _imports_folded(stack: Stack) -> Stack:
    """The stack down to the first import in it, which is named after the module imported."""
    for depth, frame in enumerate(stack):
        if frame.module.startswith(_IMPORTING):
            below = (other for other in stack[depth:] if not other.module.startswith(_IMPORTING))
            imported = next(below, None)
            return *stack[:depth], Frame(IMPORT, imported.module if imported else "modules")
    return stack


def _rendered(boxes: Sequence[Box], **values: Any) -> str:
    environment = Environment(
        loader=PackageLoader("pipeline_perf.bench.explain", "."),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"change": change, "share": share, "number": number}
    return environment.get_template("flamegraph.html.j2").render(
        boxes=boxes, rows=1 + max((box.depth for box in boxes), default=0), **values
    )


def change(growth: float) -> str:
    """A growth (0.05: 5 % more) in per cent, with its sign."""
    return f"{growth * 100:+.1f}{THIN}%".replace("-", "−")


def share(part: float) -> str:
    """A part of a whole (0.05: 5 %) in per cent."""
    return f"{part * 100:.1f}{THIN}%"


def _tree(subject: Profile, base: Profile, level: float) -> _Node:
    root = _Node()
    for profile, a, b in ((subject, 1 / level, 0.0), (base, 0.0, 1.0)):
        for stack, count in profile.stacks.items():
            node = root
            for frame in (None, *stack):
                node = node if frame is None else node.children.setdefault(frame, _Node())
                node.a += a * count
                node.b += b * count
            node.own_a += a * count
            node.own_b += b * count
    return root


def _nodes(node: _Node) -> Iterator[_Node]:
    for child in node.children.values():
        yield child
        yield from _nodes(child)


def _boxes(node: _Node, depth: int, x_a: float, x_b: float, scale: _Scale) -> Iterator[Box]:
    """The children of a node from left to right by name, each followed by its own."""
    for frame, child in sorted(node.children.items()):
        if max(child.a, child.b) >= NARROWEST * scale.width:
            yield Box(
                frame,
                depth,
                (x_a / scale.width, child.a / scale.width),
                (x_b / scale.width, child.b / scale.width),
                (child.own_a / scale.whole, child.own_b / scale.whole),
                (child.a - child.b) / scale.whole,
                (child.own_a - child.own_b) / scale.whole,
                scale.tone(child.a, child.b, scale.largest),
                scale.tone(child.own_a, child.own_b, scale.largest_own),
            )
            yield from _boxes(child, depth + 1, x_a, x_b, scale)
        x_a, x_b = x_a + child.a, x_b + child.b


def _plain_boxes(
    node: _Node,
    depth: int,
    x: float,
    whole: float,
    stage: str,
    owner: Owner,
    tones: Mapping[str, str],
) -> Iterator[Box]:
    """The boxes below a node that belongs to a stage, from left to right by name."""
    for frame, child in sorted(node.children.items()):
        if child.a >= NARROWEST * whole:
            theirs = IMPORT if frame.module == IMPORT else owner.stage(frame) or stage
            tone, place = tones.get(theirs, "n0"), (x / whole, child.a / whole)
            yield Box(
                frame, depth, place, place, (child.own_a / whole, 0), 0, 0, tone, tone, theirs
            )
            yield from _plain_boxes(child, depth + 1, x, whole, theirs, owner, tones)
        x += child.a
