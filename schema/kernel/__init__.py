"""What every noun of the graph shares: context, paging, errors, directives, mutations."""

import schema.kernel.enums  # before every type: types refer to the enums by their Python classes

# isort: split
from schema.kernel.context import Context, Info, InLanguage, field_language, require_signed_in
from schema.kernel.cursors import Cursors, Position
from schema.kernel.directives import (
    AUTHENTICATED,
    FOR_STAFF,
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
from schema.kernel.fields import MUTATIONS, former_field, former_name, mutation, resolver_field, subscription
from schema.kernel.guards import enforce
from schema.kernel.loaders import ByKey, Loader, Loaders, Read, many_by_key, one_by_key
from schema.kernel.node import VIEWS, Node, node_id
from schema.kernel.paging import Connection, Edge, Listing, Paged, PageInfo, Window, connection_field, page_size
from schema.kernel.provenance import Provenance, record_provenance
from schema.kernel.resolved_fields import field_by_key, label_field, our_word_field, staff_list, text_field
from schema.kernel.scalars import Long, Paise, scalar_map
from schema.kernel.source_policies import SourcePolicy, read_from
from schema.kernel.store_lists import Part, count_reader, page_reader, stored_listing
from schema.kernel.views import Mapped, View
