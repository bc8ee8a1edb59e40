"""What qemu-img says, in our words."""

from __future__ import annotations

from pvc_drivers.blocks.qemu_img import _parse_share, _sentence


def test_the_share_is_the_last_that_was_said_in_full() -> None:
    assert _parse_share(b"    (0.00/100%)\r    (12.50/100%)\r    (25.", 0.0) == (0.125, b"    (25.")
    assert _parse_share(b"    (25.00/100%)\r", 0.125) == (0.25, b"")
    assert _parse_share(b"nonsense\r", 0.5) == (0.5, b"")
    assert _parse_share(b"x" * 500, 0.5) == (0.5, b"x" * 100)


def test_what_is_wrong_is_said_without_where_we_keep_it() -> None:
    said = (
        'qemu-img: warning: old\nqemu-img: Could not open \'json:{"driver": "qcow2"}\': Image is corrupt\n\n'
    )
    assert _sentence(said) == "Could not open the image: Image is corrupt"
    assert _sentence("") == "it does not say why"
