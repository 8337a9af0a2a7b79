"""What a comparison calls compatible is compatible, as jsonschema decides."""

from __future__ import annotations

import contextlib

import jsonschema
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from contract.openapi_diff.atoms import Atoms, type_of
from contract.openapi_diff.document import adopt
from contract.openapi_diff.shapes import Shapes
from contract.openapi_diff.subset import (
    MOST_STEPS,
    Comparer,
    Gap,
    Rules,
    TooLarge,
    subset,
)

NAMES = ("a", "b")
SCALARS = [None, True, False, 0, 1, 2, 1.5, "", "a", "ab"]
OLD_TO_NEW = Rules(old_first=True, breaking=True)


def schemas(schema, **others):
    """The schema, and others by name that it may refer to, as a document has them."""
    everything = {"Schema": schema, **others}
    value = {"openapi": "3.1.0", "components": {"schemas": everything}}
    return adopt("test", value).root["components"]["schemas"]["Schema"]


def gaps(old, new, rules=OLD_TO_NEW):
    return list(Comparer(rules).gaps(schemas(old), schemas(new)))


def objects(inner):
    return st.fixed_dictionaries(
        {"type": st.just("object")},
        optional={
            "properties": st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
            "required": st.lists(st.sampled_from(NAMES), unique=True, max_size=2),
            "additionalProperties": st.one_of(st.booleans(), inner),
            "minProperties": st.integers(0, 2),
            "maxProperties": st.integers(0, 2),
        },
    )


def numbers(kind):
    bound = st.integers(-1, 3)
    return st.fixed_dictionaries(
        {"type": st.just(kind)},
        optional={
            "minimum": bound,
            "maximum": bound,
            "exclusiveMinimum": bound,
            "exclusiveMaximum": bound,
            "multipleOf": st.sampled_from([1, 2, 0.5]),
        },
    )


LEAVES = st.one_of(
    st.booleans(),
    st.just({}),
    st.builds(lambda types: {"type": types}, st.sampled_from(["null", "boolean"])),
    st.builds(
        lambda types: {"type": types},
        st.lists(
            st.sampled_from(["null", "string", "integer"]), min_size=1, unique=True
        ),
    ),
    numbers("integer"),
    numbers("number"),
    st.fixed_dictionaries(
        {"type": st.just("string")},
        optional={
            "minLength": st.integers(0, 2),
            "maxLength": st.integers(0, 2),
            "pattern": st.sampled_from(["^a", "b$"]),
        },
    ),
    st.builds(
        lambda values: {"enum": values},
        st.lists(st.sampled_from(SCALARS), min_size=1, max_size=3),
    ),
    st.builds(lambda value: {"const": value}, st.sampled_from(SCALARS)),
)


def nested(inner):
    several = st.lists(inner, min_size=1, max_size=3)
    return st.one_of(
        objects(inner),
        st.fixed_dictionaries(
            {"type": st.just("array")},
            optional={
                "items": inner,
                "prefixItems": st.lists(inner, min_size=1, max_size=2),
                "minItems": st.integers(0, 2),
                "maxItems": st.integers(0, 2),
                "uniqueItems": st.booleans(),
                "contains": inner,
                "minContains": st.integers(0, 1),
            },
        ),
        st.builds(lambda parts: {"anyOf": parts}, several),
        st.builds(lambda parts: {"oneOf": parts}, several),
        st.builds(lambda parts: {"allOf": parts}, several),
        st.builds(lambda part: {"not": part}, inner),
        st.builds(
            lambda *parts: dict(zip(("if", "then", "else"), parts, strict=True)),
            inner,
            inner,
            inner,
        ),
        st.builds(lambda own, part: {**own, "anyOf": [part]}, objects(inner), inner),
    )


SCHEMAS = st.recursive(LEAVES, nested, max_leaves=5)
VALUES = st.recursive(
    st.sampled_from(SCALARS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(NAMES), inner, max_size=2),
    ),
    max_leaves=4,
)


@st.composite
def related(draw):
    """Two schemas, of which the second is often a variation of the first."""
    old = draw(SCHEMAS)
    other = draw(SCHEMAS)
    new = draw(
        st.sampled_from(
            [
                other,
                {"anyOf": [old, other]},
                {"oneOf": [old, other]},
                {"allOf": [old, other]},
                {"anyOf": [{"allOf": [old, other]}, old]},
                {"not": {"not": old}},
                {"type": "object", "properties": {"a": old}},
            ]
        )
    )
    if draw(st.booleans()):
        old = {"type": "object", "properties": {"a": old}, "required": ["a"]}
        new = {"type": "object", "properties": {"a": new}}
    return old, new


def allows(schema, value):
    return jsonschema.Draft202012Validator(schema).is_valid(value)


@given(related(), st.lists(VALUES, min_size=4, max_size=12))
def test_what_is_proven_is_true_of_every_value(pair, values):
    old, new = pair
    assume(subset(schemas(old), schemas(new)))

    assert [] == [v for v in values if allows(old, v) and not allows(new, v)]


@given(related(), st.lists(VALUES, min_size=4, max_size=12))
def test_what_is_told_apart_has_no_value_in_common(pair, values):
    one, other = pair
    comparer = Comparer(Rules(strict=True))
    assume(comparer.disjoint(schemas(one), schemas(other)))

    assert [] == [v for v in values if allows(one, v) and allows(other, v)]


@given(SCHEMAS, st.lists(VALUES, min_size=4, max_size=12))
def test_alternatives_allow_what_the_schema_allows(schema, values):
    atoms = Atoms().of(schemas(schema))
    for value in values:
        if allows(schema, value):
            assert any(
                type_of(value) in atom.types
                and all(allows(part, value) for part in atom.conjuncts)
                for atom in atoms
            )


@given(SCHEMAS)
def test_a_schema_does_not_differ_from_itself(schema):
    assert [] == gaps(schema, schema)


@given(SCHEMAS, SCHEMAS)
def test_a_conjunction_is_proven_to_be_narrower(schema, other):
    # With new nodes, so that nothing is equal by being the same.
    assume(not {"$ref"} & other.keys() if isinstance(other, dict) else True)
    old, new = schemas({"allOf": [schema]}), schemas({"anyOf": [schema, False]})

    assert [] == list(Comparer(OLD_TO_NEW).gaps(old, new))


@given(related())
def test_no_pair_of_schemas_is_too_much(pair):
    old, new = map(schemas, pair)
    for rules in (OLD_TO_NEW, Rules(old_first=False), Rules(breaking=False)):
        assert all(gap.what for gap in Comparer(rules).gaps(old, new))


@pytest.mark.parametrize(
    ("wide", "narrow", "gap"),
    [
        ({"type": ["string", "null"]}, {"type": "string"}, Gap((), "values", "null")),
        ({"type": "number"}, {"type": "integer"}, Gap((), "values", "a fraction")),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, Gap((), "values", '"b"')),
        ({"type": "boolean"}, {"const": True}, Gap((), "values", "false")),
        ({"type": "string"}, {"enum": ["a"]}, Gap((), "enum", "not listed", '"a"')),
        ({"maximum": 2}, {"maximum": 1}, Gap((), "maximum", "2", "1")),
        (
            {"type": "integer", "minimum": 1},
            {"type": "integer", "exclusiveMinimum": 1},
            Gap((), "minimum", "1", "2"),
        ),
        ({"maxLength": 9}, {"maxLength": 8}, Gap((), "maxLength", "9", "8")),
        ({}, {"pattern": "^a"}, Gap((), "pattern", "none", "^a")),
        (
            {"type": "array", "items": {"type": ["string", "null"]}},
            {"type": "array", "items": {"type": "string"}},
            Gap(("[]",), "values", "null"),
        ),
        (
            {"properties": {"a": {"type": "string"}}},
            {"properties": {"a": {"type": "string"}}, "required": ["a"]},
            Gap(("a",), "required", "described", "described"),
        ),
        (
            {"type": "object"},
            {"type": "object", "additionalProperties": False},
            Gap((), "additionalProperties"),
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "array"}, {"type": "null"}]},
            {"oneOf": [{"type": "string"}, {"type": "null"}]},
            Gap((), "values", "an array"),
        ),
        ({}, {"not": {"type": "null"}}, Gap((), "not", "none", '{"type": "null"}')),
    ],
)
def test_narrowing_is_a_gap_and_widening_is_none(wide, narrow, gap):
    assert gap in gaps(wide, narrow)
    assert [] == gaps(narrow, wide)


def test_the_nearest_alternative_explains_the_gap():
    def parts(most):
        text = {
            "type": {"const": "text"},
            "text": {"type": "string", "maxLength": most},
        }
        image = {"type": {"const": "image"}, "url": {"type": "string"}}
        return {
            "oneOf": [
                {"type": "object", "properties": p, "required": ["type"]}
                for p in (text, image)
            ]
        }

    assert [Gap(("<type=text>", "text"), "maxLength", "9", "8")] == gaps(
        parts(9), parts(8)
    )


def test_an_object_is_divided_by_a_property_that_selects_the_alternative():
    def message(*roles):
        role = {"enum": list(roles)}
        return {"type": "object", "properties": {"role": role}, "required": ["role"]}

    either = {"anyOf": [message("user"), message("tool")]}

    assert [] == gaps(message("user", "tool"), either)
    assert gaps(message("user", "tool", "system"), either)


def test_a_property_that_one_document_describes_is_new_or_gone():
    less = {"type": "object", "properties": {"a": {"type": "string"}}}
    more = {**less, "properties": {**less["properties"], "b": {"type": "integer"}}}

    assert [] == gaps(less, more)
    assert [Gap(("b",), "gone")] == gaps(more, less)
    # As the answer to a request, seen from the new document.
    answers = Rules(old_first=False, breaking=True)
    assert [] == gaps(more, less, answers)
    assert [Gap(("b",), "gone")] == gaps(less, more, answers)


def test_every_gap_of_one_alternative_is_told():
    def wide(most):
        names = [f"n{number}" for number in range(60)]
        return {"properties": {n: {"type": "string", "maxLength": most} for n in names}}

    assert 60 == len(gaps(wide(9), wide(8)))


def test_an_object_with_many_patterns_is_not_taken_apart():
    def patterns(most):
        some = {f"^{n}": {"maxLength": most} for n in range(101)}
        return {"type": "object", "patternProperties": some, "properties": {"a": {}}}

    assert [] == gaps(patterns(9), patterns(9))
    assert [Gap((), "depth")] == gaps(patterns(9), patterns(8))


def test_a_schema_may_contain_itself():
    tree = {"$ref": "#/components/schemas/Schema"}
    old = {"properties": {"v": {"type": "integer"}, "k": {"items": tree}}}
    new = {"properties": {"v": {"type": "integer", "minimum": 0}, "k": {"items": tree}}}

    assert [Gap(("v",), "minimum", "none", "0")] == gaps(old, new)
    assert [] == gaps(new, old)


def test_a_schema_may_be_defined_by_itself():
    loop = {"allOf": [{"$ref": "#/components/schemas/Schema"}]}

    assert [] == gaps(loop, loop)
    assert [Gap((), "depth")] == gaps({"type": "string"}, loop)


def test_a_reference_to_nowhere_or_elsewhere_is_compared_by_its_text():
    there, elsewhere = ({"$ref": f"https://{h}.test/s.json"} for h in ("a", "b"))

    assert [] == gaps({"allOf": [there]}, there)
    assert [Gap((), "$ref", "anything", "https://b.test/s.json")] == gaps(
        there, elsewhere
    )


def test_equal_texts_with_different_references_differ():
    ref = {"$ref": "#/components/schemas/Other"}
    old = schemas({"items": ref}, Other={"type": "string"})
    new = schemas({"items": ref}, Other={"type": "integer"})

    assert not Shapes().equal(old, new)
    assert Shapes().equal(old, schemas({"items": ref}, Other={"type": "string"}))


def test_descriptions_and_the_order_of_lists_make_no_difference():
    old = {"title": "A", "enum": ["a", "b"], "properties": {"title": {"type": "null"}}}
    new = {"enum": ["b", "a"], "properties": {"title": {"type": "null"}}, "x-y": 1}

    assert Shapes().equal(schemas(old), schemas(new))
    assert not Shapes().equal(schemas(old), schemas({**new, "properties": {}}))


def test_a_comparison_that_explodes_is_given_up():
    def deep(level, last):
        part = {"type": "object", "properties": {"v": last}}
        for number in range(level):
            part = {
                "anyOf": [
                    {"type": "object", "properties": {f"{side}{number}": part}}
                    for side in "abcdef"
                ]
            }
        return part

    comparer = Comparer(OLD_TO_NEW)
    old, new = deep(12, {"type": "string"}), deep(12, {"maxLength": 3})
    with contextlib.suppress(TooLarge):
        assert list(comparer.gaps(schemas(old), schemas(new)))

    assert comparer.steps <= MOST_STEPS + 1


def many(start, stop, of=str):
    return {"enum": [of(number) for number in range(start, stop)]}


def steps_and_gaps(old, new):
    comparer = Comparer(OLD_TO_NEW)
    return [*comparer.gaps(old, new)], comparer.spent


@pytest.mark.parametrize("of", [str, lambda n: [n, {"k": n}]], ids=["texts", "lists"])
def test_long_lists_of_values_are_divided_as_sets(of):
    both, steps = steps_and_gaps(many(0, 5_000, of), many(0, 6_000, of))
    (gap,), further = steps_and_gaps(many(0, 5_000, of), many(10, 5_000, of))

    assert both == []
    assert gap.what == "values"
    assert gap.here.endswith(" or 2 more values")
    assert max(steps, further) < 50


@pytest.mark.parametrize(
    ("new", "lost"),
    [
        pytest.param({"anyOf": [many(0, 90), many(90, 200)]}, False, id="two-lists"),
        pytest.param({"anyOf": [many(0, 90), many(90, 199)]}, True, id="one-missing"),
        pytest.param({"anyOf": [many(0, 90), {"minLength": 2}]}, False, id="a-rule"),
        pytest.param({"anyOf": [many(0, 90), {"minLength": 3}]}, True, id="some-rule"),
        pytest.param({"type": "string"}, False, id="any-text"),
        pytest.param({"type": "integer"}, True, id="another-type"),
        pytest.param({**many(0, 200), "not": many(3, 4)}, True, id="an-exception"),
    ],
)
def test_a_long_list_is_compared_with_alternatives(new, lost):
    found, _ = steps_and_gaps(many(0, 200), new)

    assert bool(found) is lost
    assert subset(many(0, 200), new) is not lost


@given(
    st.sets(st.integers(0, 300), min_size=65),
    st.sets(st.integers(0, 300)),
    st.sets(st.integers(0, 300)),
)
def test_a_long_list_is_a_part_of_what_lists_it(mine, first, second):
    new = {"anyOf": [{"enum": sorted(first)}, {"enum": sorted(second)}]}

    assert subset({"enum": sorted(mine)}, new) == (mine <= first | second)
