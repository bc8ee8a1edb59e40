"""Finding the fault of an XML that a schema refuses; the schema here is a small one of our own."""

from __future__ import annotations

import pytest
from lxml import etree

from pvc_core.errors import InvalidXml
from pvc_core.xml.schema import Grammar, check_schema

SCHEMA = """
<element name="domain" xmlns="http://relaxng.org/ns/structure/1.0">
  <attribute name="type"/>
  <interleave>
    <element name="name"><text/></element>
    <element name="memory"><text/></element>
    <optional>
      <element name="clock">
        <zeroOrMore>
          <element name="timer">
            <attribute name="name"><choice><value>rtc</value><value>pit</value></choice></attribute>
            <optional><attribute name="track"/></optional>
          </element>
        </zeroOrMore>
      </element>
    </optional>
  </interleave>
</element>"""


class Counting:
    """The schema; knows how much it was asked to look at."""

    def __init__(self) -> None:
        self.schema, self.looked_at = etree.RelaxNG(etree.fromstring(SCHEMA)), 0

    def validate(self, root: etree._Element) -> bool:
        self.looked_at += sum(1 for _ in root.iter())
        return bool(self.schema.validate(root))


def clock(*timers: str) -> str:
    return f"<domain type='qemu'><name>x</name><memory>1</memory><clock>{''.join(timers)}</clock></domain>"


def judge(xml: str, by: Counting) -> tuple[str, ...]:
    names = frozenset({"domain", "name", "memory", "clock", "timer"})
    return check_schema(xml, Grammar(by, names, frozenset({"type", "name", "track"})))  # type: ignore[arg-type]


def test_the_element_at_fault_is_named() -> None:
    assert judge(clock("<timer name='rtc'/>"), Counting()) == ()
    with pytest.raises(InvalidXml, match="<timer name='hpet'> is not accepted in <clock>"):
        judge(clock("<timer name='rtc' track='x'/>", "<timer name='hpet'/>"), Counting())


def test_a_part_as_large_as_a_whole_xml_keeps_nobody_waiting() -> None:
    """One XML is judged at a time."""
    counting = Counting()
    timers = ["<timer name='rtc' track='x'/>"] * 5000
    with pytest.raises(InvalidXml, match="<clock> is not as libvirt's schema wants it"):
        judge(clock(*timers, "<timer name='hpet'/>", *timers), counting)
    assert counting.looked_at < 500_000
