"""What the S3 client raises, as errors of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)
from urllib3.exceptions import HTTPError

from baremetal.domain.errors import (
    BaremetalError,
    InvalidInput,
    NotFound,
    Unavailable,
)
from baremetal.stores.backends.http_client import refusal
from baremetal.stores.errors import AccessRefused, StoreFull, taken

_GONE: Final = {"NoSuchKey", "NoSuchBucket", "NoSuchUpload", "404", "NotFound"}
_FULL: Final = {"QuotaExceeded", "EntityTooLarge", "InsufficientStorage"}
_PASSING: Final = {"SlowDown", "InternalError", "RequestTimeout", "ServiceUnavailable"}


def from_s3(error: Exception, what: object) -> BaremetalError:
    """The error of ours that says what `error` means for `what`."""
    if isinstance(error, ClientError):
        return _answered(error, what)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return AccessRefused(f"{what}: no access_key and secret_key are known for S3.")
    if isinstance(error, ParamValidationError | ValueError):
        return InvalidInput(f"{what}: {error}")
    return Unavailable(f"{what}: {type(error).__name__}.")


def _answered(error: ClientError, what: object) -> BaremetalError:
    said = error.response.get("Error", {})
    code, text = str(said.get("Code", "")), str(said.get("Message", ""))[:200]
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in _GONE:
        return NotFound("Object", what)
    if code in _FULL:
        return StoreFull(f"{what}: {code}. Make room, or choose another store.")
    if code in _PASSING:
        return Unavailable(f"{what}: {code}.")
    if status in (409, 412):
        return taken(what)
    return refusal(status, what, f"{code}: {text}" if text else code)


@contextmanager
def s3_told(what: object) -> Iterator[None]:
    """Raise the client's errors about `what` as ours."""
    try:
        yield
    except (ClientError, BotoCoreError, HTTPError, ValueError, OSError) as error:
        raise from_s3(error, what) from error
