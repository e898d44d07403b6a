"""Publishes the demo's operations from their folder, so that they can be requested by id."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from actions.platform.manifests import content_hash, publish_manifest, sign_manifest
from domain.platform.manifests import Manifest
from gateway.operations.screens import OPERATIONS, manifests
from store.database import Keyrings, Store, Transaction
from store.platform import manifests as shelf

BY = "DEMO"


async def publish_folder(store: Store, keyrings: Keyrings, folder: Path = OPERATIONS) -> int:
    """Publish the manifest of each application and give the number of their operations.

    They are not checked against the graph: that is what `apuni operations check` and the tests do, and the demo
    starts faster so. A home that holds other operations of the same version gets them as that version with a
    suffix, which is the same version in the order of semantic versioning.
    """
    operations = 0
    for manifest in manifests(folder):
        operations += len(manifest.operations)
        await store.carry_out(partial(_publish, keyrings, manifest))
    return operations


async def _publish(keyrings: Keyrings, manifest: Manifest, tx: Transaction) -> bool:
    before = await shelf.find_manifest(tx, manifest.app, manifest.version)
    digest = content_hash(manifest)
    if before is not None and before.content_hash == digest:
        return False
    if before is not None:
        manifest = replace(manifest, version=f"{manifest.version}+{digest[:8]}")
    return await publish_manifest(tx, keyrings, sign_manifest(keyrings, manifest), by=BY)
