"""What qemu-img says, in our words."""

from __future__ import annotations

import pytest

from pvc_core.errors import StorageUnavailable
from pvc_core.model.image_format import InvalidImage
from pvc_drivers.blocks.qemu_img_words import fault_of, parse_share, read_answer, sentence


def test_the_share_is_the_last_that_was_said_in_full() -> None:
    assert parse_share(b"    (0.00/100%)\r    (12.50/100%)\r    (25.", 0.0) == (0.125, b"    (25.")
    assert parse_share(b"    (25.00/100%)\r", 0.125) == (0.25, b"")
    assert parse_share(b"nonsense\r", 0.5) == (0.5, b"")
    assert parse_share(b"x" * 500, 0.5) == (0.5, b"x" * 100)


def test_what_is_wrong_is_said_without_where_we_keep_it() -> None:
    said = (
        'qemu-img: warning: old\nqemu-img: Could not open \'json:{"driver": "qcow2"}\': Image is corrupt\n\n'
    )
    assert sentence(said) == "Could not open the image: Image is corrupt"
    assert sentence("") == "it does not say why"


OPEN = 'qemu-img: Could not open \'json:{"driver": "raw", "file": {"image": "%s", "pool": "vms"}}\': '


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, "qemu-img: error while writing at byte 4194304: Input/output error"),
        (1, "qemu-img: error while writing at byte 0: Cannot send after transport endpoint shutdown"),
        (1, "qemu-img: error while writing at byte 0: No space left on device"),
        (1, "qemu-img: error while reading at byte 0: Cannot send after transport endpoint shutdown"),
        (1, "qemu-img: error while reading at byte 65536: Connection timed out"),
        (1, OPEN % "source" + "error connecting: Operation not permitted"),
        (1, OPEN % "target" + "error reading header from target: Invalid argument"),
        (-9, ""),
        (-15, "qemu-img: warning: old"),
        (127, "prlimit: failed to execute qemu-img: No such file or directory"),
    ],
)
def test_what_is_not_the_images_fault_is_tried_again(code: int, said: str) -> None:
    fault = fault_of(code, said, "target")
    assert isinstance(fault, StorageUnavailable) and fault.retryable, fault.message


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, "qemu-img: error while reading at byte 0: Input/output error"),
        (1, OPEN % "source" + "Image is not in qcow2 format"),
        (1, OPEN % "source" + "Unknown compression type: 7"),
        (1, ""),
        (-24, ""),
        (-6, "terminate called after throwing an instance of 'std::bad_alloc'"),
        (-11, ""),
    ],
)
def test_what_will_fail_again_is_the_images_fault(code: int, said: str) -> None:
    assert isinstance(fault_of(code, said, "target"), InvalidImage)


@pytest.mark.parametrize("said", ["", "{", "[]", "null"])
def test_an_answer_is_an_object(said: str) -> None:
    with pytest.raises(InvalidImage):
        read_answer(said)
