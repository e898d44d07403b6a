"""The database layer under every table: engine, transactions, types, encryption, audit and files."""

from store.database.audit import AuditLine, audit_lines_table
from store.database.cipher import FieldCipher, cell_name
from store.database.engine import OUTDATED, Store, Transaction, migrate, present_revision, schema_is_current
from store.database.errors import (
    AlreadyThere,
    BackupDamaged,
    CannotDecrypt,
    InProgress,
    KeyMissing,
    KeyReused,
    NotEmpty,
    NotThere,
    ObjectDamaged,
    StoreError,
    StoreUnavailable,
    TryAgain,
    VersionConflict,
    WritesStopped,
    require_there,
)
from store.database.keyring import Keyrings
from store.database.metadata import LARGE_ROWS, NOT_KEPT_ELSEWHERE
from store.database.objects import EncryptedObjects, LocalBlobs
from store.database.reading.kept_reads import Board
from store.database.reading.operation_reads import reads_of_operation
from store.database.reading.statements import fetch_rows
from store.database.records import KeptRecords, Records, StoredList
from store.database.sql import (
    AnyRow,
    PageByTime,
    PageRequest,
    all_versions,
    any_posting_covers,
    count,
    count_up_to,
    database_now,
    each_kept,
    each_once,
    equals_given,
    first_row,
    group_rows,
    insert_into,
    insert_new,
    integer_sum,
    keyset_page,
    keyset_window,
    note_known,
    pages,
    posting_covers,
    raise_version,
    read_kept,
    row_pages,
    rows_of,
    upsert,
    wide_posting_covers,
)
from store.database.types import Instant, Json, Key, Serial, canonical_json, sealed_columns
