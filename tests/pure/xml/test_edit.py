"""Editing touches one element; whatever else the operator wrote survives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from pvc_core.errors import InvalidXml
from pvc_core.xml.domain import parse_domain
from pvc_core.xml.edit import with_name, with_uuid

OLD = "11111111-2222-3333-4444-555555555555"
NEW = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
PLAIN = """<domain type="qemu">
  <!-- mine -->
  <name>vm1</name>
  <memory>131072</memory>
</domain>"""

tags = st.from_regex(r"[A-Za-z_][A-Za-z0-9_-]{0,8}", fullmatch=True).filter(
    lambda tag: tag not in ("name", "uuid", "memory") and not tag.lower().startswith("xml")
)
texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff")
)
spaces = st.sampled_from((None, "urn:a", "http://libvirt.org/schemas/domain/qemu/1.0"))


def element(
    tag: str, space: str | None, text: str, attributes: dict[str, str], inside: list[etree._Element]
) -> etree._Element:
    made = etree.Element(f"{{{space}}}{tag}" if space else tag, attributes)
    made.text, made.tail = text, "\n"
    made.extend(inside)
    return made


def a_comment(text: str) -> etree._Element:
    return etree.Comment(text.replace("-", "+"))


leaves = texts.map(a_comment) | st.builds(
    element, tags, spaces, texts, st.dictionaries(tags, texts, max_size=3), st.just([])
)
trees = st.recursive(
    leaves,
    lambda inside: st.builds(
        element, tags, spaces, texts, st.dictionaries(tags, texts, max_size=3), st.lists(inside, max_size=3)
    ),
    max_leaves=8,
)


@st.composite
def domains(draw: st.DrawFn) -> str:
    """A sound domain with anything else between and after what PVC knows."""
    root = element("domain", None, "\n", {"type": "qemu"}, [])
    known = [f"<name>{draw(st.sampled_from(('vm1', 'x')))}</name>", "<memory>1024</memory>"]
    if draw(st.booleans()):
        known.append(f"<uuid>{OLD}</uuid>")
    for child in draw(st.permutations([*map(etree.fromstring, known), *draw(st.lists(trees, max_size=4))])):
        root.append(child)
    return str(etree.tostring(root, encoding="unicode"))


def shape(node: etree._Element) -> object:
    """All there is to a node: kind or tag, attributes, text, children, what follows it."""
    attributes = sorted(node.attrib.items()) if isinstance(node.tag, str) else []
    return str(node.tag), attributes, node.text, [shape(child) for child in node], (node.tail or "").strip()


def others(xml: str, tag: str) -> list[object]:
    """Everything but that one element."""
    return [shape(child) for child in etree.fromstring(xml.encode()) if child.tag != tag]


@given(domains())
def test_with_uuid_keeps_everything_else(xml: str) -> None:
    changed = with_uuid(xml, NEW)
    assert parse_domain(changed).uuid == NEW
    assert others(changed, "uuid") == others(xml, "uuid")
    assert with_uuid(changed, NEW) == changed


@given(domains())
def test_with_name_keeps_everything_else(xml: str) -> None:
    changed = with_name(xml, "renamed")
    assert parse_domain(changed).name == "renamed"
    assert others(changed, "name") == others(xml, "name")


def test_a_new_uuid_is_indented_like_its_neighbours() -> None:
    assert with_uuid(PLAIN, NEW.upper()) == PLAIN.replace("</name>\n", f"</name>\n  <uuid>{NEW}</uuid>\n")


def test_only_the_name_changes() -> None:
    assert with_name(PLAIN, "vm2") == PLAIN.replace("vm1", "vm2")


def test_there_and_back_is_the_same_text() -> None:
    assert with_name(with_name(PLAIN, "vm2"), "vm1") == PLAIN


def test_cdata_comments_instructions_and_declared_entities_survive() -> None:
    odd = "<?hint x?><description><![CDATA[<b> & ]]> &amp; &#8364;</description>"
    changed = with_uuid(PLAIN.replace("<memory>", f"{odd}<memory>"), NEW)
    assert "<?hint x?><description><![CDATA[<b> & ]]> &amp; \u20ac</description>" in changed
    assert "<!-- mine -->" in changed


def test_comments_inside_the_name_stay_beside_it() -> None:
    changed = with_name(PLAIN.replace("vm1", "v<!-- c -->m1"), "vm2")
    assert "<name>vm2<!-- c --></name>" in changed
    assert parse_domain(changed).name == "vm2"


def test_a_declared_encoding_does_not_garble_the_text() -> None:
    latin = '<?xml version="1.0" encoding="ISO-8859-1"?>\n' + PLAIN.replace("mine", "für mich")
    assert "für mich" in with_uuid(latin, NEW)
    assert "ISO-8859-1" not in with_uuid(latin, NEW)


@pytest.mark.parametrize("name", ["", "a b", "../x", "a\n", "x" * 64])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidXml, match="not usable"):
        with_name(PLAIN, name)


def test_a_bad_uuid_is_refused() -> None:
    with pytest.raises(InvalidXml, match="is not a UUID"):
        with_uuid(PLAIN, "vm1")


def test_malformed_xml_is_refused() -> None:
    with pytest.raises(InvalidXml, match="not well-formed"):
        with_uuid("<domain>", NEW)


def test_a_log_that_bears_the_name_is_renamed_with_it() -> None:
    """Else a new VM of the old name would write into it."""
    devices = "".join(
        f"<{place}><log file='{file}' append='on'/></{place}>"
        for place, file in (("serial", "/var/log/libvirt/vm1.log"), ("console", "/var/log/vm1.example.log"))
    )
    after = with_name(PLAIN.replace("</domain>", f"<devices>{devices}</devices></domain>"), "shop1")
    assert "/var/log/libvirt/shop1.log" in after
    assert "/var/log/vm1.example.log" in after
