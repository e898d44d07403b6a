"""The errors of the store; their texts hold no SQL, values or personal data.

StoreError
  NotThere           a row that must exist does not
  AlreadyThere       a row with the same unique value exists
  VersionConflict    somebody changed the row first
  KeyReused          an idempotency key came back with another body
  InProgress         the twin of this request is still at work
  TryAgain           the transaction lost a race and may be repeated as a whole
  StoreUnavailable   the database cannot be reached, is full or is too slow
  DiskFull           the same, because its disk took no more
  WritesStopped      the audit log could not be sealed for too long, so nothing more may be done
  SchemaTooNew       the database was migrated by a later release
  SchemaTooOld       the database or backup was made before 0.2.0
  ObjectDamaged      a file no longer has the content that its name says
  BackupDamaged      a backup was changed or cut off, or does not fit this release
  NotEmpty           there are data where a backup is to be restored
  KeyMissing         a keyring, or a key in it, is not there
  HolderFailed       the PKCS#11 module or remote signer that holds a key does not answer
  CannotDecrypt      a cipher text was changed, moved, or made with a key that is gone

TryAgain, StoreUnavailable, WritesStopped and HolderFailed are TemporarilyUnavailable for whoever asked.
"""

from typing import TypeVar

from domain.kernel import ErrorCode, Problem, TemporarilyUnavailable

T = TypeVar("T")


class StoreError(Exception):
    """The root of the store's errors."""


class NotThere(StoreError):
    """A row that must exist does not. `what` names its kind."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is not there")
        self.what = what


def require_there(found: T | None, what: str) -> T:
    """What was found; raises NotThere where that is nothing."""
    if found is None:
        raise NotThere(what)
    return found


class AlreadyThere(StoreError):
    """A row with the same unique value exists. `what` names its kind."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is already there")
        self.what = what


class VersionConflict(StoreError):
    """Somebody changed the row first; the error carries the present version and status."""

    def __init__(self, present_version: int, present_status: str) -> None:
        super().__init__(f"the present version is {present_version}, {present_status}")
        self.present_version = present_version
        self.present_status = present_status


class KeyReused(StoreError):
    """An idempotency key came back with another body."""


class InProgress(StoreError):
    """The twin of this request is still at work; ask again later."""


class TryAgain(StoreError, TemporarilyUnavailable):
    """The transaction lost a race (deadlock, serialisation, busy) and may be repeated as a whole."""


class StoreUnavailable(StoreError, TemporarilyUnavailable):
    """The database cannot be reached, is full, is read-only or is too slow."""


class DiskFull(StoreUnavailable):
    """The disk of the database, or a limit on its files, took no more."""


class WritesStopped(StoreError, TemporarilyUnavailable):
    """The audit log could not be sealed for too long: what must be audited is not done until it is sealed again."""

    standard = (Problem(ErrorCode.WRITES_STOPPED, retry_after=60.0),)


class SchemaTooNew(StoreError):
    """The database was migrated by a later release; this one must not touch it."""


class SchemaTooOld(StoreError):
    """The database or backup was made before 0.2.0, by a release whose schema this one does not take over."""


class ObjectDamaged(StoreError):
    """A file no longer has the content that its name says."""


class BackupDamaged(StoreError):
    """A backup was changed or cut off, was locked with another key, or does not fit this release."""


class NotEmpty(StoreError):
    """There are data already where a backup is to be restored."""


class KeyMissing(StoreError):
    """A keyring, or a key in it, is not there."""


class HolderFailed(StoreError, TemporarilyUnavailable):
    """The PKCS#11 module or remote signer that holds a key does not answer."""


class CannotDecrypt(StoreError):
    """A cipher text was changed, moved to another row, or made with a key that is gone."""
