"""The way to an S3 place: bounded in time, independent of what else this machine knows of S3."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, SSLError
from botocore.parsers import ResponseParserError

from pvc_core.config import S3Section
from pvc_core.errors import ConfigInvalid, PvcError
from pvc_drivers.exports.credentials import load_credentials
from pvc_drivers.exports.s3_errors import S3Refused, S3Unavailable, explain

READS = 3
"""How often a body that breaks off is asked for."""
ATTEMPTS = 3
"""Of each request, with a pause between them."""
CONNECT_S = 5.0


def connect(place: S3Section) -> Any:
    """A client; raises ConfigInvalid. Nothing is asked yet."""
    keys = load_credentials(place.credentials_file)
    return boto3.session.Session(
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        region_name=place.region,
        botocore_session=_alone(),
    ).client("s3", endpoint_url=place.endpoint, verify=_vouchers(place), config=_settings(place))


def _settings(place: S3Section) -> Config:
    """The signature covers the bytes themselves, so that the server refuses others.

    The further checksums that boto3 would send by itself are unknown to many servers. Nor do all of them have
    a host name for each bucket.
    """
    return Config(
        signature_version="s3v4",
        connect_timeout=min(CONNECT_S, place.timeout_s),
        read_timeout=place.timeout_s,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path", "payload_signing_enabled": True},
    )


def _alone() -> Any:
    """Whatever a home directory or the environment says of profiles and keys is not meant for PVC."""
    ignored = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    return botocore.session.Session(session_vars={**ignored, "profile": (None, None, None, None)})


def _vouchers(place: S3Section) -> bool | str:
    if place.ca_file is None:
        return True
    if not os.access(place.ca_file, os.R_OK):
        fault = f"{place.ca_file}: cannot be read (storage.s3.ca_file)"
        raise ConfigInvalid(fault, faults=[fault])
    return str(place.ca_file)


def code_of(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def asking(place: S3Section) -> Iterator[None]:
    """Raises S3Refused or S3Unavailable for what boto3 raises; its own words may quote the request."""
    try:
        yield
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        raise _told(place, error) from None


def _told(place: S3Section, error: Exception) -> PvcError:
    match error:
        case ClientError():
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            return explain(place, code_of(error), int(status))
        case SSLError():
            return S3Refused(
                f"{place.endpoint} shows no certificate that is trusted here",
                "Name the file of who vouches for it: storage.s3.ca_file.",
            )
        case ResponseParserError():
            return S3Refused(f"what answers at {place.endpoint} is not S3", "Correct storage.s3.endpoint.")
        case _:
            return S3Unavailable(f"{place.endpoint} does not answer ({type(error).__name__})")
