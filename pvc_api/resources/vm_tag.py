"""/vm/<vm>/tag"""

from __future__ import annotations

from flask import Response
from flask_restx import Namespace
from pydantic import TypeAdapter

from pvc_api.answers import answer
from pvc_api.document import document_read
from pvc_api.reading import Nothing, read_query
from pvc_api.resources.base import Door, offer
from pvc_api.shared import service
from pvc_core.model.metadata import Tag
from pvc_core.model.operations import AddVmTag, RemoveVmTag

TAGS: TypeAdapter[tuple[Tag, ...]] = TypeAdapter(tuple[Tag, ...])


class VmTags(Door):
    @document_read("vm_tag_get", "Tag", many=True)
    def get(self, vm: str) -> Response:
        """The VM's tags."""
        read_query(Nothing)
        return answer(TAGS.dump_json(service().vm(vm).spec.tags))


def offer_tags(routes: Namespace) -> None:
    offer(routes, AddVmTag, beside=VmTags)
    offer(routes, RemoveVmTag)
