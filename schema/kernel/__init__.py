"""What every noun of the graph shares: context, paging, errors, directives, mutations."""

import schema.kernel.enums  # noqa: F401 - before every type: types refer to the enums by their Python classes

# isort: split
from schema.kernel.context import Context, Info, InLanguage, field_language, require_signed_in
from schema.kernel.cursors import Cursors, Position
from schema.kernel.directives import (
    AUTHENTICATED,
    NEVER_SILENTLY_NULL,
    PUBLIC,
    UPSTREAM_POINTS,
    assumed_list_size,
    cost,
    directives_of,
    requires_consent,
    requires_scopes,
    sliced_list_size,
)
from schema.kernel.fields import MUTATIONS, mutation, resolver_field, subscription
from schema.kernel.guards import enforce
from schema.kernel.loaders import ByKey, Loader, Loaders, Read, many_by_key, one_by_key
from schema.kernel.node import VIEWS, Node, node_id
from schema.kernel.paging import Connection, Edge, Listing, Paged, PageInfo, Window, page_size
from schema.kernel.provenance import Provenance, record_provenance
from schema.kernel.resolved_fields import field_by_key, label_field, text_field
from schema.kernel.scalars import Long, Paise, scalar_map
from schema.kernel.source_policies import SourcePolicy, read_from
from schema.kernel.store_lists import Part, count_reader, page_reader, stored_listing
from schema.kernel.views import Mapped, View

__all__ = [
    "AUTHENTICATED",
    "MUTATIONS",
    "NEVER_SILENTLY_NULL",
    "PUBLIC",
    "UPSTREAM_POINTS",
    "VIEWS",
    "ByKey",
    "Connection",
    "Context",
    "Cursors",
    "Edge",
    "InLanguage",
    "Info",
    "Listing",
    "Loader",
    "Loaders",
    "Long",
    "Mapped",
    "Node",
    "PageInfo",
    "Paged",
    "Paise",
    "Part",
    "Position",
    "Provenance",
    "Read",
    "SourcePolicy",
    "View",
    "Window",
    "assumed_list_size",
    "cost",
    "count_reader",
    "directives_of",
    "enforce",
    "field_by_key",
    "field_language",
    "label_field",
    "many_by_key",
    "mutation",
    "node_id",
    "one_by_key",
    "page_reader",
    "page_size",
    "read_from",
    "record_provenance",
    "require_signed_in",
    "requires_consent",
    "requires_scopes",
    "resolver_field",
    "scalar_map",
    "sliced_list_size",
    "stored_listing",
    "subscription",
    "text_field",
]
