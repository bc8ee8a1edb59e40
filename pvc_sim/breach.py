"""What an invariant says when it does not hold."""

from __future__ import annotations


class Breach(Exception):
    """`rule` names the invariant, `text` what was seen."""

    def __init__(self, rule: str, text: str) -> None:
        super().__init__(f"{rule}: {text}")
        self.rule, self.text = rule, text
