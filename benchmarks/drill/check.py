"""Holds what clients were promised against the store, and what partners were told against what they may be told."""

from collections import Counter

from benchmarks.drill.cluster import Cluster
from benchmarks.drill.load import Journal
from domain.kernel import TypeCode, to_global_id
from tests.support.crashing import Processes

DECIDED = frozenset({"APPROVED", "CERTIFICATE_ISSUED", "BENEFIT_SANCTIONED", "DELIVERED"})


def lost(cluster: Cluster, journal: Journal) -> list[str]:
    """Writes that were acknowledged and are not there."""
    rows = [
        line.split("|")
        for line in cluster.answer_to("SELECT id, number, status FROM applications", "apuni").splitlines()
    ]
    kept = {to_global_id(TypeCode.APPLICATION, key): (number, status) for key, number, status in rows}
    paid = cluster.answer_to("SELECT application_id FROM fee_orders WHERE state = 'SUCCESS'", "apuni").splitlines()
    fees = {to_global_id(TypeCode.APPLICATION, key) for key in paid}
    missing = [journal.keys[case] for case, number in journal.numbers.items() if kept.get(case, ("",))[0] != number]
    missing += [key for case, key in journal.withdrawn.items() if kept.get(case, ("", ""))[1] != "WITHDRAWN"]
    missing += [key for case, key in journal.approved.items() if kept.get(case, ("", ""))[1] not in DECIDED]
    missing += [key for case, key in journal.paid.items() if case not in fees]
    return missing


def doubled(cluster: Cluster, processes: Processes, journal: Journal) -> list[str]:
    """What happened twice: a number, a bill that the treasury accepted, a fee that was taken."""
    bills = [one["key"] for one in processes.ledger("dbt_finance") if "instruction accepted" in (one["effect"] or "")]
    paid = cluster.answer_to("SELECT application_id FROM fee_orders WHERE state = 'SUCCESS'", "apuni").splitlines()
    many = [Counter(bills), Counter(paid), Counter(journal.numbers.values())]
    return [key for each in many for key, times in each.items() if times > 1]
