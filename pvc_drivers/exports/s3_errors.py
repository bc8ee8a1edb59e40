"""What an S3 place may answer, in words: nothing of a key is in them."""

from __future__ import annotations

from pvc_core.config import S3Section
from pvc_core.errors import Conflict, PvcError


class S3NotConfigured(Conflict):
    code = "OBJECT_STORE_NOT_CONFIGURED"
    default_remedy = "Configure storage.s3 on the nodes and for the API, and restart both."


class S3Unavailable(PvcError):
    """Nothing answers, or it cannot serve just now."""

    code, status, retryable = "OBJECT_STORE_UNAVAILABLE", 503, True
    default_remedy = "Check storage.s3.endpoint, and the way to it; the task tries again by itself."


class S3Refused(PvcError):
    """It answers, and does not do it."""

    code, status = "OBJECT_STORE_REFUSED", 409
    default_remedy = "Look it up in the documentation of that S3 service, then try again."


BUSY = frozenset({"SlowDown", "RequestTimeout", "Throttling", "ThrottlingException", "TooManyRequests"})
ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})
TAKEN = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
UNKNOWN = frozenset({"NotImplemented"})

_WRONG_KEY = ("does not know the access key", "Correct access_key in {place.credentials_file}.")
_WRONG_SECRET = ("does not accept the secret key", "Correct secret_key in {place.credentials_file}.")
_DENIED = (
    "does not let this key work in bucket {place.bucket}",
    "Let it list the bucket, and read and write below /{place.prefix}, then try again.",
)
_NO_BUCKET = ("has no bucket {place.bucket}", "Make the bucket, or correct storage.s3.bucket.")
_REGION = ("has that bucket in another region than {place.region}", "Correct storage.s3.region.")
_CLOCK = ("finds the clock of this node wrong", "Set the clock of the node, then try again.")
_FULL = ("has no room left for this key", "Make room in bucket {place.bucket}, or raise the quota.")
_TORN = ("received other bytes than were sent", "Look for what changes data on the way to the endpoint.")
WORDS = {
    "InvalidAccessKeyId": _WRONG_KEY,
    "SignatureDoesNotMatch": _WRONG_SECRET,
    "AccessDenied": _DENIED,
    "AllAccessDisabled": _DENIED,
    "403": _DENIED,
    "NoSuchBucket": _NO_BUCKET,
    "AuthorizationHeaderMalformed": _REGION,
    "PermanentRedirect": _REGION,
    "IllegalLocationConstraintException": _REGION,
    "301": _REGION,
    "RequestTimeTooSkewed": _CLOCK,
    "QuotaExceeded": _FULL,
    "InsufficientStorage": _FULL,
    "XAmzContentSHA256Mismatch": _TORN,
    "BadDigest": _TORN,
}


def explain(place: S3Section, code: str, status: int) -> PvcError:
    """The failure that an answer stands for."""
    if code in BUSY or status == 429 or (status >= 500 and code not in UNKNOWN and code not in WORDS):
        return S3Unavailable(f"{place.endpoint} cannot serve just now: {code}")
    words, remedy = WORDS.get(code, (f"refused it: {code} ({status})", ""))
    return S3Refused(f"{place.endpoint} {words.format(place=place)}", remedy.format(place=place))
