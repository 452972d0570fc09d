"""Facts are read as they are written, and of a file with slips every one is told with its line."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline_perf.yaml_facts import FactsError, Slip, line, read, read_sections


class PlantError(FactsError):
    """The error of a room that keeps plants."""

    code = "plant"


@dataclass(frozen=True)
class Pot:
    width: Annotated[float, "in cm"]
    colour: Literal["red", "white"] = "red"

    def __post_init__(self) -> None:
        if self.width <= 0:
            raise ValueError(f"a pot {self.width:g} cm wide holds nothing; measure it again")


@dataclass(frozen=True)
class Plant:
    name: Annotated[str, "in Latin"]
    pots: tuple[Pot, ...] = ()
    leaves: int = 0
    watered: date | None = None
    alive: bool = True
    place: tuple[float, float] | None = None
    notes: Annotated[Mapping[str, str], "day → what was seen"] = field(default_factory=dict)


@dataclass(frozen=True)
class Shelf:
    room: Literal["kitchen", "hall"]
    name: str
    holds: int


WHOLE = """\
name: Ficus benjamina
pots:
  - {width: 20, colour: white}
  - width: 7.5
leaves: 1_200
watered: 2026-03-01
alive: false
place: [0, 1.5]
notes:
  monday: it stands
  tuesday: ''
"""


def pot(text: str) -> Pot:
    """`20 cm` is short for a pot of that width."""
    if not text.endswith(" cm"):
        raise ValueError(f"{text!r} is no width; write it in cm")
    return Pot(float(text.removesuffix(" cm")))


def written(folder: Path, text: str) -> Path:
    path = folder / "plant.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_facts_are_read_as_they_are_written(tmp_path: Path) -> None:
    assert read(written(tmp_path, WHOLE), Plant, PlantError) == Plant(
        name="Ficus benjamina",
        pots=(Pot(20, "white"), Pot(7.5)),
        leaves=1200,
        watered=date(2026, 3, 1),
        alive=False,
        place=(0, 1.5),
        notes={"monday": "it stands", "tuesday": ""},
    )


def test_texts_are_texts_whatever_yaml_takes_them_for(tmp_path: Path) -> None:
    path = written(tmp_path, "name: 007\nnotes: {monday: yes, tuesday: 2026-03-01}\n")
    assert read(path, Plant, PlantError) == Plant(
        "007", notes={"monday": "yes", "tuesday": "2026-03-01"}
    )


def test_one_value_may_stand_without_its_list_and_nothing_is_written_null(tmp_path: Path) -> None:
    path = written(tmp_path, "name: Ficus\npots: {width: 1}\nwatered: null\nplace: ~\n")
    assert read(path, Plant, PlantError) == Plant("Ficus", (Pot(1),))


def test_a_list_may_be_the_whole_file(tmp_path: Path) -> None:
    path = written(tmp_path, "- {width: 1}\n- {width: 2}\n")
    assert read(path, tuple[Pot, ...], PlantError) == (Pot(1), Pot(2))


def test_a_word_may_be_short_for_a_mapping_where_the_caller_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, "name: Ficus\npots: [20 cm, {width: 7}]\n")
    assert read(path, Plant, PlantError, short={Pot: pot}).pots == (Pot(20), Pot(7))
    with pytest.raises(PlantError, match="pots is '20 cm'; write a mapping with keys such as widt"):
        read(path, Plant, PlantError)
    with pytest.raises(PlantError, match="line 2: pots: '20' is no width; write it in cm"):
        read(written(tmp_path, "name: Ficus\npots: [20]\n"), Plant, PlantError, short={Pot: pot})
    with pytest.raises(PlantError, match="line 2: pots is empty"):
        read(written(tmp_path, "name: Ficus\npots:\n"), Plant, PlantError, short={Pot: pot})


#: Appended to a sound file → the line of the slip, the problem, the remedy.
SLIPS: dict[str, tuple[int, str, str]] = {
    "leave: 3": (
        2,
        "unknown key 'leave'",
        "write 'leaves'; known here: alive, leaves, name, notes",
    ),
    "note: {}": (2, "unknown key 'note'", "write 'notes' (day → what was seen); known here: alive"),
    "xyz: 3": (2, "unknown key 'xyz'", "known here: alive, leaves, name, notes, place, pots, wat"),
    "name: Yucca": (2, "'name' is given twice, first on line 1", "keep one"),
    "[a, b]: c": (2, "a key must be a word", "write no list or mapping there"),
    "leaves: many": (2, "leaves is 'many'", "write a whole number"),
    "leaves: 1.5": (2, "leaves is '1.5'", "write a whole number"),
    "leaves: [1]": (2, "leaves is a list", "write a whole number"),
    "leaves:": (2, "leaves is empty", "write a whole number"),
    "alive: yes": (2, "alive is 'yes'", "write true or false"),
    "watered: today": (2, "watered is 'today'", "write a date such as 2026-03-01"),
    "watered:": (2, "watered is empty", "write null where nothing is meant, or leave the line out"),
    "place: [1]": (2, "place is a list", "write a list of 2 values"),
    "place: here": (2, "place is 'here'", "write a list of 2 values"),
    "place: [1, .nan]": (2, "place is '.nan'", "write a number"),
    "notes: [a]": (2, "notes is a list", "write a mapping (day → what was seen)"),
    "notes:": (2, "notes is empty", "write a mapping (day → what was seen)"),
    "notes: {a: {b: c}}": (2, "notes.a is a mapping", "write a single value (day → what was seen)"),
    "notes:\n  a:\n": (3, "notes.a is empty", "write '' where that is meant (day"),
    "notes: {a: x,\n a: y}": (3, "notes: 'a' is given twice, first on line 2", "keep one"),
    "pots: big": (2, "pots is 'big'", "write a mapping with keys such as width"),
    "pots:\n- {width: 1}\n- {width: big}": (4, "pots.width is 'big'", "write a number (in cm)"),
    "pots: [{width: nan}]": (2, "pots.width is 'nan'", "write a number (in cm)"),
    "pots:\n- colour: red": (3, "pots: the pot lacks width", "add `width:` (in cm)"),
    "pots: {width: 1, colour: blue}": (2, "pots.colour is 'blue'", "choose one of red, white"),
    "pots: {width: 1, colour: [red]}": (2, "pots.colour is a list", "choose one of red, white"),
    "pots:\n- width: 1\n- width: -1": (
        4,
        "pots: a pot -1 cm wide holds nothing",
        "measure it again",
    ),
    f"leaves: {'9' * 99}9x": (2, f"leaves is '{'9' * 60}…'", "write a whole number"),
}


@pytest.mark.parametrize("lines", SLIPS)
def test_a_slip_is_told_with_file_line_and_remedy(lines: str, tmp_path: Path) -> None:
    at, problem, remedy = SLIPS[lines]
    path = written(tmp_path, f"name: Ficus\n{lines}\n")
    with pytest.raises(PlantError) as caught:
        read(path, Plant, PlantError)
    error = caught.value
    assert (error.code, error.file, error.line, error.problem) == ("plant", str(path), at, problem)
    assert error.remedy.startswith(remedy)
    assert error.slips == (str(error),) == (f"{path}, line {at}: {problem}; {error.remedy}",)


def test_every_slip_of_a_file_is_told_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    path = written(tmp_path, "pots: [{width: 1, depth: 2}]\nleaves: many\nnotes: {a: [b]}\n")
    with pytest.raises(PlantError) as caught:
        read(path, Plant, PlantError)
    error = pickle.loads(pickle.dumps(caught.value))  # as a worker process sends it
    assert [slip.removeprefix(f"{path}, ") for slip in error.slips] == [
        "line 1: pots: unknown key 'depth'; known here: colour, width",
        "line 1: the plant lacks name; add `name:` (in Latin)",
        "line 2: leaves is 'many'; write a whole number",
        "line 3: notes.a is a list; write a single value (day → what was seen)",
    ]
    assert str(error) == "\n".join(error.slips)
    assert (error.line, error.problem) == (1, "pots: unknown key 'depth'")


def test_a_key_that_is_written_wrongly_is_not_said_to_be_missing_too(tmp_path: Path) -> None:
    with pytest.raises(PlantError) as caught:
        read(written(tmp_path, "nome: Ficus\n"), Plant, PlantError)
    (slip,) = caught.value.slips
    assert "unknown key 'nome'; write 'name' (in Latin)" in slip


@pytest.mark.parametrize("text", ["- name: Ficus\n", "Ficus\n"])
def test_a_file_of_another_kind_is_told_what_it_should_be(text: str, tmp_path: Path) -> None:
    with pytest.raises(
        PlantError, match=r"line 1: the plant is .*; write a mapping with keys such"
    ):
        read(written(tmp_path, text), Plant, PlantError)


# --------------------------------------------------------------------------- what types cannot say


def thirsty(plant: Plant) -> Iterator[Slip]:
    for nth, vessel in enumerate(plant.pots):
        if vessel.width > 10 * plant.leaves:
            yield ("pots", nth, "width"), "the pot is too wide; choose another"
            yield ("pots", nth, "colour"), "the colour will not help; choose another"
    if not plant.alive:
        yield ("alive",), "it is dead; throw it away"


def test_a_check_s_slips_are_told_where_its_places_stand(tmp_path: Path) -> None:
    path = written(tmp_path, WHOLE.replace("leaves: 1_200", "leaves: 1"))
    with pytest.raises(PlantError) as caught:
        read(path, Plant, PlantError, check=thirsty)
    assert caught.value.slips == (
        f"{path}, line 3: the pot is too wide; choose another",
        f"{path}, line 3: the colour will not help; choose another",
        f"{path}, line 7: it is dead; throw it away",
    )


def test_a_check_is_asked_about_facts_of_the_right_form_only(tmp_path: Path) -> None:
    with pytest.raises(PlantError) as caught:
        read(written(tmp_path, "name: [a]\nalive: false\n"), Plant, PlantError, check=thirsty)
    assert len(caught.value.slips) == 1


def test_the_line_of_a_place_that_is_not_written_out_is_that_of_the_last_part_that_is() -> None:
    root = yaml.compose(WHOLE)
    assert line(root, ()) == 1
    assert line(root, ("pots", 1, "width")) == line(root, ("pots", 1, "colour")) == 4
    assert line(root, ("notes", "tuesday")) == 11
    assert line(root, ("place", 0)) == line(root, ("place",)) == 8
    assert line(root, ("alive", 0)) == 7  # a single value that stands without its list


# --------------------------------------------------------------------------- sections

SHELVES = """\
kitchen:
  top: {holds: 3}
  low: {holds: 4}
hall:
  wall: {holds: 1}
"""


def shelves(path: Path) -> list[Shelf]:
    return read_sections(path, Shelf, PlantError, ("room", "name"))


def test_sections_give_their_entries_the_names_of_their_keys(tmp_path: Path) -> None:
    assert shelves(written(tmp_path, SHELVES)) == [
        Shelf("kitchen", "top", 3),
        Shelf("kitchen", "low", 4),
        Shelf("hall", "wall", 1),
    ]


@pytest.mark.parametrize(
    ("old", "new", "at", "told"),
    [
        ("hall:", "attic:", 4, "room is 'attic'; choose one of kitchen, hall"),
        ("hall:", "kitchen:", 4, "'kitchen' is given twice, first on line 1; keep one"),
        ("wall:", "top:", 5, "hall: 'top' is given twice, first on line 2; keep one"),
        ("{holds: 1}", "{}", 5, "wall: the shelf lacks holds; add `holds:`"),
        ("{holds: 1}", "{name: a}", 5, "wall: unknown key 'name'; known here: holds"),
        ("{holds: 1}", "3", 5, "wall is '3'; write a mapping with keys such as holds"),
        ("{holds: 4}", "{holds: x}", 3, "low.holds is 'x'; write a whole number"),
        ("\n  wall: {holds: 1}", "", 4, "hall is empty; write names, each with at least holds"),
        ("\n  wall: {holds: 1}", " [1]", 4, "hall is a list; write names, each with at least"),
    ],
)
def test_a_slip_in_a_section_is_told_with_its_entry(
    old: str, new: str, at: int, told: str, tmp_path: Path
) -> None:
    assert SHELVES.count(old) == 1
    with pytest.raises(PlantError) as caught:
        shelves(written(tmp_path, SHELVES.replace(old, new)))
    assert f", line {at}: {told}" in caught.value.slips[0]


@pytest.mark.parametrize("text", ["", "# one day\n", "[a]\n"])
def test_a_file_without_sections_is_told_what_belongs_there(text: str, tmp_path: Path) -> None:
    wanted = "write rooms, each with names, each with at least holds"
    with pytest.raises(PlantError, match=wanted):
        shelves(written(tmp_path, text))


# --------------------------------------------------------------------------- no YAML at all


@pytest.mark.parametrize(
    ("text", "at", "told"),
    [
        ("name: [Ficus\npots: []\n", 2, "flow sequence of line 1"),
        ("name: Ficus\npots: [", 2, "of line 2"),
        ("name: Ficus\n\tleaves: 1\n", 2, "tab"),
        ("name: *ficus\n", 1, "undefined alias"),
        ("name: Ficus\n---\nname: Yucca\n", 2, "but found another document"),
    ],
)
def test_what_is_no_yaml_is_told_with_its_line(
    text: str, at: int, told: str, tmp_path: Path
) -> None:
    with pytest.raises(PlantError, match="not readable as YAML") as caught:
        read(written(tmp_path, text), Plant, PlantError)
    assert (caught.value.line, caught.value.remedy) == (
        at,
        "check indentation, brackets and quotes there",
    )
    assert told in caught.value.problem


@pytest.mark.parametrize("data", [b"\xff\xfe\x00\x01", b"name: B\xe4rlapp\n", b"name: \x01\n"])
def test_bytes_that_are_no_text_are_refused(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "plant.yaml"
    path.write_bytes(data)
    with pytest.raises(PlantError, match=r"not readable as YAML .*; save it as text in UTF-8"):
        read(path, Plant, PlantError)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PlantError, match=r"none\.yaml: cannot be read \(No such file or directory"):
        read(tmp_path / "none.yaml", Plant, PlantError)


# --------------------------------------------------------------------------- what always holds

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
PLANTS = st.builds(
    Plant,
    name=TEXT,
    pots=st.lists(st.builds(Pot, width=st.floats(0.001, 1e9)), max_size=3).map(tuple),
    leaves=st.integers(),
    watered=st.none() | st.dates(),
    alive=st.booleans(),
    place=st.none() | st.tuples(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300)),
    notes=st.dictionaries(TEXT, TEXT, max_size=3),
)
#: Any YAML at all, with the keys of plants more often than others.
KEYS = st.sampled_from(["name", "pots", "leaves", "width", "notes", "place"]) | TEXT
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT | st.dates(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(KEYS, part, max_size=4),
    max_leaves=12,
)


@given(plant=PLANTS, flow=st.booleans())
def test_facts_that_were_written_are_read_back(
    plant: Plant, flow: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    facts = asdict(plant)
    facts |= {key: list(facts[key]) for key in ("pots", "place") if facts[key] is not None}
    text = yaml.safe_dump(facts, default_flow_style=flow)
    assert read(written(tmp_path_factory.getbasetemp(), text), Plant, PlantError) == plant


@given(document=DOCUMENTS)
def test_any_document_is_facts_or_is_refused_on_lines_that_it_has(
    document: object, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = yaml.safe_dump(document)
    path = written(tmp_path_factory.getbasetemp(), text)
    try:
        plant = read(path, Plant, PlantError)
    except PlantError as error:
        numbers = [int(slip.partition(", line ")[2].partition(":")[0]) for slip in error.slips]
        assert numbers == sorted(numbers)
        assert all(1 <= number <= len(text.splitlines()) for number in numbers)
    else:
        assert plant.name


@pytest.mark.parametrize("sign", ["[", "{a: ", "- ", "? "])
def test_what_would_take_the_library_or_the_process_down_is_refused(
    sign: str, tmp_path: Path
) -> None:
    with pytest.raises(PlantError, match="nested more than 5\u202f000 deep"):
        read(written(tmp_path, sign * 100_000), Plant, PlantError)
    with pytest.raises(PlantError, match="longer than 1 MiB"):
        read(written(tmp_path, f"{sign}\n" * 2**20), Plant, PlantError)
