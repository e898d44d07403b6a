"""What was measured of one operation, which the arithmetic of docs/scale.md and the simulation go by."""

from dataclasses import dataclass

from gateway.http.admission import Share


@dataclass(frozen=True)
class Operation:
    """One operation of the graph.

    `process` and `database` are milliseconds of a processor of the gateway's process and of PostgreSQL, `transactions`
    how often it waits for the database, `writes` whether one of them is committed to disk.
    `each_application` is how often it is asked for one application that is handed in, an assumption of docs/scale.md.
    """

    name: str
    process: float
    database: float
    transactions: int
    each_application: float
    share: Share = Share.CITIZENS
    writes: bool = False
    asks_outside: bool = False


CATALOGUE = Operation("ten services", 1.06, 0.0, 0, 8)
OWN = Operation("own applications", 3.6, 0.5, 3, 8)
CERTIFICATES = Operation("certificates, kept", 4.36, 0.6, 3, 1)
LIVE = Operation("README's query, live", 20.2, 2.8, 9, 1, asks_outside=True)
SUBMISSION = Operation("a submission", 13.1, 7.8, 5, 1, writes=True)
DRAFT = Operation("a draft, a paper, an answer", 13.1, 7.8, 5, 3, writes=True)
QUEUE = Operation("an officer's queue", 17.8, 9.2, 5, 3, Share.OFFICERS)
DECISION = Operation("a decision", 13.1, 7.8, 5, 2, Share.OFFICERS, writes=True)
OPERATIONS = (CATALOGUE, OWN, CERTIFICATES, LIVE, SUBMISSION, DRAFT, QUEUE, DECISION)
